"""What several rules look at."""

import pytest

from frontdesk.generate.fleet import CannotBeMade, Member, fleet


@pytest.fixture(scope="session")
def services_as_made() -> tuple[list[Member], list[CannotBeMade]]:
    """Every service put together from its code, and why those that cannot be made cannot."""
    return fleet()

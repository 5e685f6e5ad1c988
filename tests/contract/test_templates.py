"""What a tenant's template may name is what file-management can fill in."""

from file_management.domain import place
from tenancy.domain import tenant


def test_tenancy_accepts_the_placeholders_that_file_management_knows_and_no_others() -> None:
    assert tenant.PLACEHOLDERS == place.PLACEHOLDERS

"""A service's README has the fixed headings, tells of every setting, and of exactly what the service hears and says."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from contracts.catalogue import messages
from contracts.envelope import Timer
from contracts.tenants.v1 import CredentialsChanged, TenantConfigured
from frontdesk.generate.fleet import CannotBeMade, Member
from testkit.architecture import readme
from testkit.architecture.tree import ServiceFolder, Tree

ROOT = Path(__file__).parents[2]
SERVICES = Tree(ROOT).services()
KNOWN = {message.__name__ for message in messages().values()}
BY_THE_CHASSIS = {CredentialsChanged.__name__, TenantConfigured.__name__}
every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


@every_service
def test_a_readme_has_the_fixed_headings_and_every_setting(service: ServiceFolder) -> None:
    assert readme.flaws(service) == []


@every_service
def test_a_readme_tells_exactly_what_the_service_hears_and_says(
    service: ServiceFolder, services_as_made: tuple[list[Member], list[CannotBeMade]]
) -> None:
    members = {member.name: member for member in services_as_made[0]}
    assert service.name in members, "it cannot be made"
    found = members[service.name]
    hears = {
        hearing.message.__name__
        for hearing in found.hearings
        if hearing.message is not None and not issubclass(hearing.message, Timer)
    }
    says = {message.__name__ for message in found.says}

    assert (
        readme.messages_flaws(service, hears=hears, says=says, known=KNOWN, heard_by_all=BY_THE_CHASSIS) == []
    )


def replace(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


RULES = [
    (replace("# notification", "# Notification service"), "its title is not # notification"),
    (replace("## Says", "## Tells"), "its headings are"),
    (replace("NOTIFICATION_PAUSED", "NOTIFICATION_HALTED"), "Settings does not tell of NOTIFICATION_PAUSED"),
    (replace("NOTIFICATION_PAUSED", "NOTIFICATION_HALTED"), "NOTIFICATION_HALTED, which nothing reads"),
]


@pytest.mark.parametrize(("change", "flaw"), RULES, ids=[flaw for _, flaw in RULES])
def test_a_readme_that_says_something_else_is_found(
    tmp_path: Path, change: Callable[[str], str], flaw: str
) -> None:
    shutil.copytree(
        ROOT / "services" / "notification", tmp_path / "notification", ignore=shutil.ignore_patterns(".*")
    )
    file = tmp_path / "notification" / "README.md"
    file.write_text(change(file.read_text()))

    assert any(flaw in sentence for sentence in readme.flaws(ServiceFolder(file.parent)))


def test_a_message_too_many_or_too_few_in_a_readme_is_found() -> None:
    service = Tree(ROOT).service("notification")

    found = readme.messages_flaws(
        service,
        hears={"SendEmail", "SendChat"},
        says={"MessageSent"},
        known=KNOWN,
        heard_by_all=BY_THE_CHASSIS,
    )

    assert any("Hears does not tell of SendChat" in flaw for flaw in found)
    assert any("Says tells of MessageFailed, which it does not say" in flaw for flaw in found)

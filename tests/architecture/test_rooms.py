"""A service has its rooms and no others; each rule is broken once on a copy."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from testkit.architecture import rooms, sources
from testkit.architecture.tree import ServiceFolder, Tree

ROOT = Path(__file__).parents[2]
SERVICES = Tree(ROOT).services()
every_service = pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)


@every_service
def test_a_service_has_its_rooms_and_no_others(service: ServiceFolder) -> None:
    assert rooms.flaws(service) == []


@every_service
def test_a_service_leaves_delivery_names_and_tables_to_those_whose_they_are(service: ServiceFolder) -> None:
    assert sources.flaws(service) == []


def test_every_exception_is_needed() -> None:
    there = {
        file.relative_to(service.source).as_posix()
        for service in SERVICES
        for file in service.source.rglob("*")
    }
    named = {place.split("/", 1)[1] for place in (*rooms.EXCEPTIONS, *sources.EXCEPTIONS)}

    assert named <= there


def write(place: str, text: str) -> Callable[[ServiceFolder], None]:
    def change(service: ServiceFolder) -> None:
        file = service.path / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return change


def add(place: str, text: str) -> Callable[[ServiceFolder], None]:
    def change(service: ServiceFolder) -> None:
        file = service.path / place
        file.write_text(file.read_text() + text)

    return change


def remove(place: str) -> Callable[[ServiceFolder], None]:
    def change(service: ServiceFolder) -> None:
        (service.path / place).unlink()

    return change


SOURCE = "src/notification"
LONG_HANDLER = "\nasync def on_nothing() -> None:\n" + "    print()\n" * 30

ROOM_RULES = [
    (write("scripts/run.sh", ""), "scripts has no place"),
    (write("src/other/__init__.py", ""), "src/other is another package"),
    (write(f"{SOURCE}/jobs/__init__.py", ""), "jobs is no room"),
    (write(f"{SOURCE}/constants.py", '"""Numbers."""\n'), "constants.py is no room"),
    (write(f"{SOURCE}/domain/deep/__init__.py", ""), "domain/deep is no module"),
    (write(f"{SOURCE}/entrypoints/rpc.py", '"""Calls."""\n'), "entrypoints/rpc.py: only"),
    (write(f"{SOURCE}/entrypoints/http/__init__.py", '"""Two subjects."""\n'), "stands beside entrypoints/http/"),
    (write(f"{SOURCE}/entrypoints/http/deep/__init__.py", ""), "entrypoints/http/deep is no module"),
    (write(f"{SOURCE}/entrypoints/page/scripts/live.js", ""), "entrypoints/page/scripts: only"),
    (write(f"{SOURCE}/entrypoints/page/texts/de.json", "{}"), None),
    (add(f"{SOURCE}/entrypoints/events.py", LONG_HANDLER), "on_nothing is not thin"),
    (write(f"{SOURCE}/adapters/ses/adapter.py", '"""SES."""\n') , None),
    (write(f"{SOURCE}/adapters/ses/parsing.py", '"""SES."""\n'), "adapters/ses/parsing.py: a vendor's folder"),
    (write(f"{SOURCE}/adapters/ses/client.py", '"""SES."""\n'), "adapters/ses/adapter.py is missing"),
    (write(f"{SOURCE}/adapters/prompts/greeting.py", '"""No."""\n'), "adapters/prompts/greeting.py is code"),
    (add(f"{SOURCE}/domain/__init__.py", "\nANSWER = 42\n"), "domain/__init__.py has code"),
    (write(f"{SOURCE}/domain/brake.py", "HARD = True\n"), "domain/brake.py does not say what it is"),
    (remove(f"{SOURCE}/application/ports.py"), "application/ports.py is missing"),
    (remove(f"{SOURCE}/py.typed"), "py.typed is missing"),
    (write(f"{SOURCE}/__main__.py", '"""Nothing."""\n'), "__main__.py does not run create_service"),
    (write(f"{SOURCE}/app.py", '"""Nothing."""\n'), "app.py has no create_service"),
    (add("migrations/env.py", "\nprint()\n"), "migrations/env.py is not what every service has"),
    (write("migrations/versions/0009_later.py", ""), "in a row"),
    (write("tests/unit/__init__.py", ""), "tests are no package"),
    (write("tests/slow/test_all.py", ""), "tests/slow/test_all.py is neither"),
    (write("tests/unit/builders.py", ""), "tests/unit/builders.py is no test"),
    (write(f"{SOURCE}/domain/utils.py", '"""All sorts."""\n'), "utils is a name for everything"),
    (write(f"{SOURCE}/application/service.py", '"""All sorts."""\n'), "service is a name for everything"),
    (add("pyproject.toml", "\n[tool.ruff]\nline-length = 80\n"), "configures ruff"),
]  # fmt: skip

SOURCE_RULES = [
    (add(f"{SOURCE}/adapters/store.py", "\nasync def keep(session): await session.commit()\n"), ".commit("),
    (add(f"{SOURCE}/entrypoints/events.py", "\nasync def say(broker): await broker.publish(b'')\n"), ".publish("),
    (add(f"{SOURCE}/entrypoints/events.py", "\nasync def done(message): await message.ack()\n"), ".ack("),
    (add(f"{SOURCE}/domain/letter.py", "\nKEY = 'message.sent.v1'\n"), "'message.sent.v1'"),
    (add(f"{SOURCE}/domain/letter.py", "\nQUEUE = 'notification.email.send.v1'\n"), "names on the broker"),
    (add(f"{SOURCE}/domain/letter.py", "\nEXCHANGE = 'frontdesk.events'\n"), "names on the broker"),
    (add(f"{SOURCE}/domain/letter.py", "\ndef odd(vendor): return vendor == 'graph'\n"), "a question for the vendor"),
    (add(f"{SOURCE}/adapters/smtp.py", "\nclass Row:\n    __tablename__ = 'rows'\n"), "a table outside"),
    (add(f"{SOURCE}/entrypoints/http.py", "\nfrom sqlalchemy import select\n"), "SQL outside"),
    (add(f"{SOURCE}/app.py", "\nimport os\nHOST = os.environ['HOST']\n"), "read in settings.py"),
]  # fmt: skip


@pytest.fixture
def copy(tmp_path: Path) -> ServiceFolder:
    folder = tmp_path / "notification"
    shutil.copytree(
        ROOT / "services" / "notification", folder, ignore=shutil.ignore_patterns("__pycache__", ".*")
    )
    return ServiceFolder(folder)


@pytest.mark.parametrize(("change", "flaw"), ROOM_RULES, ids=[str(flaw) for _, flaw in ROOM_RULES])
def test_what_stands_in_the_wrong_place_is_found(
    copy: ServiceFolder, change: Callable[[ServiceFolder], None], flaw: str | None
) -> None:
    change(copy)

    found = rooms.flaws(copy)

    if flaw is None:
        assert found == []
    else:
        assert any(flaw in sentence for sentence in found)


@pytest.mark.parametrize(("change", "flaw"), SOURCE_RULES, ids=[flaw for _, flaw in SOURCE_RULES])
def test_what_is_another_ones_work_is_found(
    copy: ServiceFolder, change: Callable[[ServiceFolder], None], flaw: str
) -> None:
    change(copy)

    assert any(flaw in sentence for sentence in sources.flaws(copy))

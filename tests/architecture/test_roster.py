"""One roster: a service stands in every list, and every list names services that there are."""

import shutil
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from gateway import settings as gateway
from observer import settings as observer
from testkit.architecture import roster
from testkit.architecture.tree import Tree, files

ROOT = Path(__file__).parents[2]
TREE = Tree(ROOT)


def test_the_lists_of_services_agree() -> None:
    assert roster.flaws(TREE) == []


def test_every_service_has_its_asyncapi_file() -> None:
    assert roster.asyncapi_flaws(TREE) == []


def test_what_is_installed_is_what_stands_in_the_tree() -> None:
    installed = {point.name: point.value for point in entry_points(group="frontdesk.services")}

    assert installed == {service.name: f"{service.package}.app:create_service" for service in TREE.services()}


def test_the_gateway_knows_where_every_other_service_answers() -> None:
    others = {service.name for service in TREE.services() if service.name != "gateway"}

    assert gateway.known_services() == others


def test_the_observer_knows_where_every_service_answers() -> None:
    wanted = {service.name: f"http://127.0.0.1:{roster.port_of(service)}" for service in TREE.services()}

    assert observer.known_services() == wanted


def replace(place: str, old: str, new: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        file = root / place
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    return change


def add_folder(root: Path) -> None:
    shutil.copytree(root / "services" / "ocr", root / "services" / "telephony")


LISTED = "libs/chassis/src/chassis/roster.py"
RULES = [
    (
        replace("services/ocr/pyproject.toml", "ocr.app:create_service", "ocr.app:make"),
        "ocr: its entry points are",
    ),
    (replace("services/ocr/src/ocr/settings.py", "8007", "8008"), "has the port of"),
    (replace("services/ocr/src/ocr/settings.py", "8007", "8099"), "ocr listens on 8099"),
    (replace(LISTED, '    "ocr": 8007,\n', ""), "chassis/roster.py lacks ocr"),
    (replace(LISTED, '"ocr": 8007', '"ocr": 8077'), "chassis/roster.py has ocr on 8077"),
    (replace("pyproject.toml", '"ocr", "crm_sync"', '"crm_sync"'), "lacks ocr"),
    (replace("pyproject.toml", '"ocr", "crm_sync"', '"ocr", "fax", "crm_sync"'), "names fax"),
    (replace("pyproject.toml", '"services/*"', '"services/o*"'), "tenancy is no member"),
    (add_folder, "telephony: its entry points"),
]


@pytest.mark.parametrize(("change", "flaw"), RULES, ids=[flaw for _, flaw in RULES])
def test_a_service_that_is_missing_in_one_list_is_found(
    tmp_path: Path, change: Callable[[Path], None], flaw: str
) -> None:
    for file in [ROOT / "pyproject.toml", *files(ROOT / "services"), *files(ROOT / "libs")]:
        if file.name in ("pyproject.toml", "settings.py", "roster.py"):
            copy = tmp_path / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)

    change(tmp_path)

    assert any(flaw in sentence for sentence in roster.flaws(Tree(tmp_path)))

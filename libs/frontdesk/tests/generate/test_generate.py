"""The generated files: what is in them, when they are stale, and when they may not be written."""

import json
import shutil
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field

from contracts.catalogue import FOLDER, catalogue
from contracts.documents.v1 import DocumentAnalyzed
from frontdesk.generate import RefusedChange, stale, write
from frontdesk.generate.fleet import CannotBeMade, Member, fleet
from frontdesk.generate.senders import constructed

KEY = "document.analyzed.v1"
SCHEMA = f"schemas/documents/{KEY}.json"


@pytest.fixture(scope="module")
def members() -> list[Member]:
    return fleet()[0]


@pytest.fixture
def folder(tmp_path: Path, members: list[Member]) -> Path:
    """A folder with freshly generated files, in which one message is released."""
    (tmp_path / "released.txt").write_text("")
    write(tmp_path, members, [])
    (tmp_path / "released.txt").write_text(f"# frozen\n{KEY}  # the analysis\n")
    return tmp_path


def test_what_was_just_written_is_in_sync(folder: Path, members: list[Member]) -> None:
    assert stale(folder, members, []) == []
    assert write(folder, members, []) == []


def test_a_changed_a_missing_and_a_superfluous_file_are_stale(folder: Path, members: list[Member]) -> None:
    (folder / SCHEMA).write_text("{}\n")
    (folder / "asyncapi" / "ocr.json").unlink()
    (folder / "schemas" / "documents" / "document.shredded.v1.json").write_text("{}\n")

    assert stale(folder, members, []) == [
        "asyncapi/ocr.json",
        SCHEMA,
        "schemas/documents/document.shredded.v1.json",
    ]


def test_the_file_of_a_service_that_cannot_be_made_is_left_alone(folder: Path, members: list[Member]) -> None:
    (folder / "asyncapi" / "telephony.json").write_text("{}\n")

    assert stale(folder, members, []) == ["asyncapi/telephony.json"]
    assert stale(folder, members, [CannotBeMade("telephony: no such module")]) == []


def test_a_released_message_cannot_be_narrowed(
    folder: Path, members: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / SCHEMA).read_text()
    change_field(monkeypatch, "method", Literal["text"])

    with pytest.raises(RefusedChange, match="method"):
        write(folder, members, [])
    assert (folder / SCHEMA).read_text() == before


def test_a_message_that_is_not_released_may_be_changed(
    folder: Path, members: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "released.txt").write_text("")
    change_field(monkeypatch, "method", Literal["text"])

    assert SCHEMA in write(folder, members, [])


def test_a_released_message_cannot_lose_its_schema_or_its_class(folder: Path, members: list[Member]) -> None:
    (folder / SCHEMA).unlink()
    with pytest.raises(RefusedChange, match="its schema is gone"):
        write(folder, members, [])

    (folder / SCHEMA).with_name("document.shredded.v1.json").write_text("{}")
    (folder / "released.txt").write_text("document.shredded.v1\n")
    with pytest.raises(RefusedChange, match="its class is gone"):
        write(folder, members, [])


def test_an_optional_field_is_written_into_a_released_schema(
    folder: Path, members: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    change_field(monkeypatch, "handwritten", bool, default=False)

    assert SCHEMA in write(folder, members, [])
    assert "handwritten" in json.loads((folder / SCHEMA).read_text())["properties"]


def test_senders_are_those_who_construct_a_message(tmp_path: Path) -> None:
    (tmp_path / "adapters").mkdir()
    (tmp_path / "adapters" / "store.py").write_text(
        "from contracts.leads.v1 import LeadCreated\nLeadCreated(lead_id='')\n"
    )
    (tmp_path / "says.py").write_text(
        "from contracts.documents import v1\n"
        "from contracts.leads.v1 import HandoverRequested as Handover\n"
        "import contracts.crm.v1 as crm\n"
        "from contracts.values import BlobRef\n"
        "v1.DocumentFiled(document_id='')\nHandover(lead_id='')\ncrm.TaskCreated.model_validate({})\nBlobRef()\n"
    )
    (tmp_path / "hears.py").write_text(
        "from contracts.messages.v1 import MessageSent\ndef on(event: MessageSent): MessageSent.read(b'')\n"
    )

    assert {message.__name__ for message in constructed(tmp_path)} == {
        "DocumentFiled",
        "HandoverRequested",
        "TaskCreated",
    }


def test_the_catalogue_knows_who_says_and_hears_a_document(folder: Path) -> None:
    found = catalogue(folder / "asyncapi")
    entries = {entry.routing_key: entry for entry in found.entries}

    assert entries[KEY].senders == ("ocr",)
    assert entries[KEY].hearers == ("billing", "orchestrator")
    assert found.journals == ("reporting",)
    assert set(entries["credentials.changed.v1"].hearers) == set(found.services)


def test_an_asyncapi_file_tells_queue_exchange_and_payload(folder: Path) -> None:
    document = json.loads((folder / "asyncapi" / "ocr.json").read_text())
    heard = document["channels"]["ocr.document.received.v1"]

    assert document["asyncapi"] == "3.0.0"
    assert heard["address"] == "document.received.v1"
    assert heard["bindings"]["amqp"]["queue"]["name"] == "ocr.document.received.v1"
    assert document["channels"][KEY]["bindings"]["amqp"]["exchange"]["name"] == "frontdesk.events"
    assert document["components"]["schemas"]["DocumentAnalyzed"]["properties"].keys() >= {
        "category",
        "fields",
    }


def test_no_file_tells_of_the_machine_it_was_made_on(folder: Path) -> None:
    for file in folder.rglob("*.*"):
        assert str(FOLDER.parent) not in file.read_text()
        assert "127.0.0.1" not in file.read_text()


def test_the_generated_files_are_the_same_wherever_they_are_made(
    folder: Path,
    tmp_path_factory: pytest.TempPathFactory,
    members: list[Member],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OCR_MAX_PAGES", "7")
    monkeypatch.setenv("AMQP_URL", "amqp://elsewhere")
    other = tmp_path_factory.mktemp("other")
    shutil.copy(folder / "released.txt", other)
    shutil.copytree(folder / "schemas", other / "schemas")
    write(other, fleet()[0], [])

    assert (other / "CATALOGUE.md").read_text() == (folder / "CATALOGUE.md").read_text()


def change_field(monkeypatch: pytest.MonkeyPatch, name: str, annotation: Any, **values: Any) -> None:
    """Give a message's class another field, for one test."""
    members = {
        "__module__": DocumentAnalyzed.__module__,
        "__doc__": DocumentAnalyzed.__doc__,
        "__annotations__": {name: annotation},
        name: Field(**values),
    }
    changed = type("DocumentAnalyzed", (DocumentAnalyzed,), members)
    monkeypatch.setattr("contracts.documents.v1.DocumentAnalyzed", changed)

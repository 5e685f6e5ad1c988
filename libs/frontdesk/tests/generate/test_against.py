"""What main has released, a branch cannot break, not by taking it out of the list either."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from contracts.documents.v1 import DocumentAnalyzed, DocumentReceived
from contracts.schema import json_schema
from frontdesk.fleet.errors import FleetError
from frontdesk.generate.against import broken_against

KEY, UNRELEASED = "document.analyzed.v1", "document.received.v1"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository whose main has released one of two messages."""
    folder = tmp_path / "contracts" / "schemas" / "documents"
    folder.mkdir(parents=True)
    (folder / f"{KEY}.json").write_text(json.dumps(json_schema(DocumentAnalyzed)))
    (folder / f"{UNRELEASED}.json").write_text(json.dumps(json_schema(DocumentReceived)))
    (tmp_path / "contracts" / "released.txt").write_text(f"# frozen\n{KEY}\n")
    for words in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-qm", "released"]):
        author = ["-c", "user.name=a", "-c", "user.email=a@a.test", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", "-C", str(tmp_path), *author, *words], check=True)
    return tmp_path


def change(tree: Path, key: str, field: str) -> None:
    file = tree / "contracts" / "schemas" / "documents" / f"{key}.json"
    schema = json.loads(file.read_text())
    del schema["properties"][field]
    file.write_text(json.dumps(schema))


def test_a_tree_that_changes_nothing_breaks_nothing(tree: Path) -> None:
    assert broken_against(tree, "main") == []


def test_a_removed_field_of_a_released_message_is_found_and_one_of_another_is_free(tree: Path) -> None:
    change(tree, KEY, "summary")
    change(tree, UNRELEASED, "blob")

    assert broken_against(tree, "main") == [f"{KEY}: summary: the field is gone"]


def test_a_released_message_cannot_be_removed_or_thawed(tree: Path) -> None:
    (tree / "contracts" / "schemas" / "documents" / f"{KEY}.json").unlink()
    (tree / "contracts" / "released.txt").write_text("")

    assert broken_against(tree, "main") == [
        f"{KEY}: the message is gone",
        f"{KEY}: no longer in released.txt, though it is released",
    ]


def test_an_unknown_reference_is_said(tree: Path) -> None:
    with pytest.raises(FleetError, match="nowhere"):
        broken_against(tree, "nowhere")

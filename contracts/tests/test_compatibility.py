"""A released message is frozen but for an added optional field: each other change is made once, and found."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from contracts.catalogue import FOLDER, messages
from contracts.compatibility import breaking_changes
from contracts.conversations.v1 import DraftReply
from contracts.documents.v1 import DocumentAnalyzed
from contracts.schema import json_schema

Schema = dict[str, Any]


def change(path: str, value: object) -> Callable[[Schema], None]:
    """Set one place of a schema; `None` takes it away."""

    def make(schema: Schema) -> None:
        *parents, last = path.split("/")
        for parent in parents:
            schema = schema[parent]
        if value is None:
            del schema[last]
        else:
            schema[last] = value

    return make


def require(field: str, *, required: bool, under: str | None = None) -> Callable[[Schema], None]:
    def make(schema: Schema) -> None:
        names = (schema["$defs"][under] if under else schema)["required"]
        names.append(field) if required else names.remove(field)

    return make


def add_required(schema: Schema) -> None:
    schema["properties"]["urgency"] = {"type": "string"}
    schema["required"].append("urgency")


BREAKS = [
    ("a field is removed", change("properties/summary", None), "summary: the field is gone"),
    ("a field is retyped", change("properties/pages/type", "string"), "pages: type was 'integer'"),
    ("a required field is added", add_required, "urgency: a new field that is required"),
    ("a field becomes required", require("text", required=True), "text: the field was optional and is required"),
    ("a field becomes optional", require("summary", required=False), "summary: the field was always there"),
    ("a value is taken away", change("properties/method/enum", ["text"]), "method: the value ocr is gone"),
    ("a value is added", change("properties/method/enum", ["text", "ocr", "asr"]), "the value asr is new"),
    ("values become free", change("properties/method", {"type": "string"}), "method: its values are now free"),
    ("a bound is narrowed", change("properties/pages/minimum", 2), "pages: minimum was 1 and is 2"),
    ("a bound is added", change("properties/summary/maxLength", 80), "summary: maxLength was absent and is 80"),
    ("a bound is lifted", change("properties/confidence/maximum", None), "confidence: maximum was 1 and is absent"),
    ("a default is changed", change("properties/offline/default", True), "offline: default was False and is True"),
    ("a list becomes a value", change("properties/fields", {"type": "string"}), "fields: type was 'array'"),
    ("nothing is no longer allowed", change("properties/cost", {"$ref": "#/$defs/Cost"}), "cost: it could be"),
    ("a field of a value is removed", change("$defs/Evidence/properties/snippet", None), "fields[].snippet: the field is gone"),
    ("a field of a value is retyped", change("$defs/BlobRef/properties/size/type", "string"), "blob.size: type was 'integer'"),
    ("a field of a value in a choice changes", change("$defs/Cost/properties/currency/maxLength", 4), "cost.currency: maxLength"),
    ("a field of a value becomes required", require("key", required=False, under="BlobRef"), "blob.key: the field was always there"),
    ("a time loses its form", change("properties/message_id/format", "uuid"), "message_id: format was absent"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("break_it", "found"), [case[1:] for case in BREAKS], ids=[case[0] for case in BREAKS]
)
def test_a_change_of_a_released_message_is_found(break_it: Callable[[Schema], None], found: str) -> None:
    released = json_schema(DocumentAnalyzed)
    current = copy.deepcopy(released)
    break_it(current)

    assert any(found in sentence for sentence in breaking_changes(released, current))


def test_a_renamed_field_is_a_removed_one_and_an_added_one() -> None:
    released = json_schema(DocumentAnalyzed)
    current = copy.deepcopy(released)
    current["properties"]["abstract"] = current["properties"].pop("summary")
    current["required"][current["required"].index("summary")] = "abstract"

    assert breaking_changes(released, current) == [
        "summary: the field is gone",
        "abstract: a new field that is required",
    ]


def test_a_change_deep_inside_is_found_at_its_place() -> None:
    released = json_schema(DraftReply)
    current = copy.deepcopy(released)
    current["$defs"]["Evidence"]["properties"]["page"]["minimum"] = 0

    assert breaking_changes(released, current) == ["documents[].fields[].page: minimum was 1 and is 0"]


@pytest.mark.parametrize("where", ["", "Evidence", "BlobRef", "Cost"])
def test_an_optional_field_may_be_added(where: str) -> None:
    released = json_schema(DocumentAnalyzed)
    current = copy.deepcopy(released)
    part = current["$defs"][where] if where else current
    part["properties"]["handwritten"] = {"type": "boolean", "default": False}

    assert breaking_changes(released, current) == []


def test_words_for_people_may_be_changed() -> None:
    released = json_schema(DocumentAnalyzed)
    current = copy.deepcopy(released)
    current["description"] = "Ein Dokument wurde gelesen und verstanden."
    current["properties"]["summary"]["description"] = "Worum es geht."

    assert breaking_changes(released, current) == []


def test_a_shared_value_may_get_another_name() -> None:
    released = json_schema(DocumentAnalyzed)
    text = released["$defs"].pop("Evidence")
    current = copy.deepcopy(released)
    released["$defs"]["Evidence"], current["$defs"]["Proof"] = text, text
    current["properties"]["fields"]["items"]["$ref"] = "#/$defs/Proof"

    assert breaking_changes(released, current) == []


def test_what_refers_to_itself_is_compared_to_its_end() -> None:
    released: Schema = {
        "properties": {"root": {"$ref": "#/$defs/Branch"}},
        "$defs": {
            "Branch": {
                "properties": {
                    "name": {"type": "string"},
                    "under": {"type": "array", "items": {"$ref": "#/$defs/Branch"}},
                }
            }
        },
    }
    current = copy.deepcopy(released)
    current["$defs"]["Branch"]["properties"]["name"]["type"] = "integer"

    assert breaking_changes(released, current) == ["root.name: type was 'string' and is 'integer'"]


def test_no_message_breaks_itself() -> None:
    assert all(
        breaking_changes(json_schema(message), json_schema(message)) == [] for message in messages().values()
    )


def test_what_is_released_exists() -> None:
    lines = (FOLDER / "released.txt").read_text().splitlines()
    keys = [line for line in lines if line and not line.startswith("#")]

    assert set(keys) <= messages().keys()
    assert keys == sorted(set(keys))

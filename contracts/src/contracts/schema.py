"""JSON Schemas of the messages: what a reader may rely on."""

from __future__ import annotations

from typing import Any

from contracts.envelope import Message
from contracts.routing import routing_key

Schema = dict[str, Any]
"""A JSON Schema, or a part of one."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(message: type[Message]) -> Schema:
    """The JSON Schema (2020-12) of a message's body.

    It does not forbid unknown fields, although producers are strict: an optional field may be added to a released
    message (law 1), and whoever reads by this schema has to bear it (law 2).
    """
    schema = _open(message.model_json_schema())
    return {"$schema": DIALECT, "$id": f"urn:frontdesk:{routing_key(message)}", **schema}


def words_for(node: Schema) -> str:
    """The form of one field in words: `integer ≥ 0`, `list of Evidence`, `de, en or other`."""
    if "$ref" in node:
        return str(node["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in node:
        return " or ".join(words_for(option) for option in node["anyOf"])
    if "enum" in node:
        *others, last = [f"`{value}`" for value in node["enum"]]
        return f"{', '.join(others)} or {last}" if others else last
    if "const" in node:
        return f"`{node['const']}`"
    match node.get("type"):
        case "array":
            least = f" (at least {node['minItems']})" if "minItems" in node else ""
            return f"list of {words_for(node.get('items', {}))}{least}"
        case "object":
            return f"map of {words_for(node.get('additionalProperties') or {})} by name"
        case "null":
            return "nothing"
        case str(kind):
            return f"{node.get('format', kind)}{_bounds(node)}"
        case _:
            return "anything"


def _bounds(node: Schema) -> str:
    signs = {"minimum": "≥", "maximum": "≤", "exclusiveMinimum": ">", "exclusiveMaximum": "<"}
    return "".join(f" {sign} {node[name]:g}" for name, sign in signs.items() if name in node)


def _open(node: Schema) -> Schema:
    """The schema without the ban on unknown fields, here and in every part."""
    opened: Schema = {}
    for name, value in node.items():
        if name == "additionalProperties" and value is False:
            continue
        if isinstance(value, dict):
            opened[name] = _open(value)
        elif isinstance(value, list):
            opened[name] = [_open(part) if isinstance(part, dict) else part for part in value]
        else:
            opened[name] = value
    return opened

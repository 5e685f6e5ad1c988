"""A service's OpenAPI document, read: its operations, and what they want."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import cast

from gateway.domain.operations import Operation, default_scope

Json = dict[str, object]
_API = re.compile(r"/api/v\d+/")
METHODS = ("get", "put", "post", "delete", "patch")


def operations_of(service: str, document: Json) -> Iterator[Operation]:
    """The operations of `/api/vN/…`, in the order of the document; `/internal` and the like are nobody's business."""
    for template, item in paths_of(document):
        for method in METHODS:
            operation = as_object(item.get(method))
            if operation is not None:
                yield _operation(service, method.upper(), template, operation)


def paths_of(document: Json) -> Iterator[tuple[str, Json]]:
    """The document's paths that belong to the API."""
    for template, item in (as_object(document.get("paths")) or {}).items():
        found = as_object(item)
        if _API.match(template) and found is not None:
            yield template, found


def as_object(value: object) -> Json | None:
    """The value, if it is a JSON object."""
    return cast(Json, value) if isinstance(value, dict) else None


def as_list(value: object) -> list[object]:
    """The value, if it is a JSON array; else nothing."""
    return cast("list[object]", value) if isinstance(value, list) else []


def _operation(service: str, method: str, template: str, operation: Json) -> Operation:
    declared = operation.get("security")
    public = declared == []
    scopes = () if public else _scopes(declared) or (default_scope(template, method),)
    return Operation(service, method, template, scopes, public, _spans(template, operation))


def _scopes(declared: object) -> tuple[str, ...]:
    """The scopes of the first way in that names any. What is not understood is not let through: the default holds."""
    for alternative in as_list(declared):
        for names in (as_object(alternative) or {}).values():
            if found := tuple(name for name in as_list(names) if isinstance(name, str)):
                return found
    return ()


def _spans(template: str, operation: Mapping[str, object]) -> bool:
    """Whether the last part is a parameter that may hold slashes: its schema says `format: path`."""
    last = template.rpartition("/")[2]
    for parameter in map(as_object, as_list(operation.get("parameters"))):
        if parameter is not None and last == f"{{{parameter.get('name')}}}" and parameter.get("in") == "path":
            return (as_object(parameter.get("schema")) or {}).get("format") == "path"
    return False

"""One OpenAPI document of the whole API, made of the services' own."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import cast

from gateway.domain.openapi import METHODS, Json, as_list, as_object, operations_of, paths_of
from gateway.domain.operations import Operation, resource_of

_REF = "#/components/schemas/"
PROBLEM = "Problem"
PROBLEM_JSON = "application/problem+json"

ANSWERS: Mapping[str, str] = {
    "400": "The request is broken: a body cut off, a path or header that means two things, no tenant said",
    "404": "Nothing is there",
    "413": "The body is too large",
    "415": "The body is of a kind or encoding that is not taken",
    "422": "The request is understood and not valid",
    "429": "Too many requests: come again after Retry-After",
    "431": "The headers are too large",
    "500": "A fault of ours",
    "502": "The service behind cannot be reached or broke off",
    "503": "Not available for now: come again after Retry-After",
    "504": "The service behind is too slow",
}
"""What the gateway or any service may answer to any request."""
GUARDED: Mapping[str, str] = {
    "401": "No token or key, or one that is not valid",
    "402": "The company's licence is suspended: only signing in and billing are open until it is paid",
    "403": "The token or key may not do this, or its tenant is suspended",
}
_RETRY = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
}
_SCHEMES: Json = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token from log-in, or an API key.",
    },
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key: fdk_…"},
}
_PROBLEM_SCHEMA: Json = {
    "type": "object",
    "title": PROBLEM,
    "description": "What every error is answered with (RFC 9457).",
    "required": ["title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "default": "about:blank"},
        "title": {"type": "string", "description": "What kind of error."},
        "status": {"type": "integer", "description": "The HTTP status again."},
        "detail": {"type": "string", "description": "What happened and what to do."},
    },
}


def merge(documents: Mapping[str, Json], *, title: str, version: str, api: int | None = None) -> Json:
    """The document of all services, or of one version of the API. The first service that has a path keeps it."""
    merged = _Merged()
    for service, document in documents.items():
        merged.take(service, document, api)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version, "description": _DESCRIPTION},
        "paths": merged.paths,
        "components": {
            "schemas": {**dict(sorted(merged.schemas.items())), PROBLEM: _PROBLEM_SCHEMA},
            "securitySchemes": _SCHEMES,
        },
    }


@dataclass
class _Merged:
    paths: Json = field(default_factory=dict[str, object])
    schemas: Json = field(default_factory=dict[str, object])
    digests: dict[str, str] = field(default_factory=dict[str, str])
    identifiers: set[str] = field(default_factory=set[str])

    def take(self, service: str, document: Json, api: int | None) -> None:
        own = as_object((as_object(document.get("components")) or {}).get("schemas")) or {}
        names = self._names(service, own)
        known = {(one.method.lower(), one.template): one for one in operations_of(service, document)}
        for template, item in paths_of(document):
            if api is not None and not template.startswith(f"/api/v{api}/"):
                continue
            path = cast(Json, self.paths.setdefault(template, {}))
            for method in METHODS:
                operation = as_object(item.get(method))
                if operation is not None and method not in path:
                    renamed = as_object(_renamed(operation, names)) or {}
                    path[method] = self._completed(service, known[method, template], renamed)
                    self._keep(_reached(_without_errors(operation), own), own, names)

    def _names(self, service: str, own: Json) -> dict[str, str]:
        """New names for the schemas that another service means something else by."""
        prefix = "".join(word.capitalize() for word in service.split("-"))
        names: dict[str, str] = {}
        for name in own:
            digest = _digest(name, own)
            if name == PROBLEM or self.digests.get(name, digest) != digest:
                names[name] = f"{prefix}{name}"
            self.digests.setdefault(names.get(name, name), digest)
        return names

    def _keep(self, reached: Iterable[str], own: Json, names: Mapping[str, str]) -> None:
        for name in reached:
            if name in own:
                self.schemas[names.get(name, name)] = _renamed(own[name], names)

    def _completed(self, service: str, operation: Operation, described: Json) -> Json:
        identifier = str(described.get("operationId") or f"{operation.method} {operation.template}")
        if identifier in self.identifiers:
            identifier = f"{service}_{identifier}"
        self.identifiers.add(identifier)
        scopes = list(operation.scopes)
        return {
            **described,
            "operationId": identifier,
            "tags": as_list(described.get("tags")) or [resource_of(operation.template)],
            "security": [] if operation.public else [{"bearer": scopes}, {"apiKey": scopes}],
            "responses": _responses(operation, as_object(described.get("responses")) or {}),
        }


def _responses(operation: Operation, described: Json) -> Json:
    """What the service says, and what the gateway may answer in its stead; errors are problems."""
    found = {status: answer for status, answer in described.items() if not _is_error(status)}
    if operation.cacheable:
        found.setdefault("304", {"description": "Not changed since the ETag in If-None-Match"})
    words = {**ANSWERS, **({} if operation.public else GUARDED)}
    for status in sorted({*words, *filter(_is_error, described)}):
        told = (as_object(described.get(status)) or {}).get("description")
        own = words.get(status, "")
        found[status] = _problem(own if told is None else str(told), status)
    return found


def _without_errors(operation: Json) -> Json:
    responses = as_object(operation.get("responses")) or {}
    kept = {status: answer for status, answer in responses.items() if not _is_error(status)}
    return {**operation, "responses": kept}


def _is_error(status: str) -> bool:
    return re.fullmatch(r"[45]\d\d", status) is not None


def _problem(description: str, status: str) -> Json:
    answer: Json = {
        "description": description,
        "content": {PROBLEM_JSON: {"schema": {"$ref": _REF + PROBLEM}}},
    }
    return {**answer, "headers": _RETRY} if status in {"429", "503"} else answer


def _renamed(value: object, names: Mapping[str, str]) -> object:
    found = as_object(value)
    if found is not None:
        return {
            key: _new_reference(part, names) if key == "$ref" else _renamed(part, names)
            for key, part in found.items()
        }
    return [_renamed(part, names) for part in as_list(value)] if isinstance(value, list) else value


def _new_reference(value: object, names: Mapping[str, str]) -> object:
    name = str(value).removeprefix(_REF)
    return f"{_REF}{names.get(name, name)}"


def _references(value: object) -> set[str]:
    found = as_object(value)
    if found is None:
        return {name for part in as_list(value) for name in _references(part)}
    own = {str(found["$ref"]).removeprefix(_REF)} if isinstance(found.get("$ref"), str) else set[str]()
    return own | {name for part in found.values() for name in _references(part)}


def _reached(value: object, schemas: Json) -> set[str]:
    """The names of all schemas that a value refers to, directly or by others."""
    reached: set[str] = set()
    waiting = _references(value)
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting |= _references(schemas.get(name))
    return reached


def _digest(name: str, schemas: Json) -> str:
    """What a schema says, with everything that it refers to."""
    parts = {other: schemas.get(other) for other in sorted({name, *_reached(schemas.get(name), schemas)})}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


_DESCRIPTION = """What Frontdesk answers. Show an access token or an API key as `Authorization: Bearer …`; a key may also
stand in `X-API-Key`. Errors are `application/problem+json` (RFC 9457). `RateLimit` and `RateLimit-Policy` say what is left.
A body may not be compressed. Reads that carry an `ETag` may be asked again with `If-None-Match`."""

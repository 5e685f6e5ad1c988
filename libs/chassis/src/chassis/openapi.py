"""What a service's OpenAPI says beyond FastAPI: the scope of each operation, and each status that it may answer.

The gateway derives its routing table and its checks from this document.
"""

from __future__ import annotations

from typing import Any, cast

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from chassis.callers import is_public, scope_of
from chassis.problems import MEDIA_TYPE, ProblemDocument

Json = dict[str, Any]
"""A JSON object of OpenAPI, whose values are of every kind."""

_PROBLEM = {"$ref": "#/components/schemas/ProblemDocument"}
_FASTAPIS_OWN = ("HTTPValidationError", "ValidationError")
_METHODS = frozenset({"get", "put", "post", "delete", "patch"})
_OPERATIONS = frozenset({"/health", "/livez", "/readyz", "/metrics"})
_WITHOUT_TENANT = {"400": "No tenant, or a broken request"}
_WANTED = {"401": "No token, or a wrong one", "403": "The scope is missing", "422": "Invalid request"}
_OUTAGE = {"503": "Our database or another service does not answer: come again"}
_SINGLE = {"404": "Not found"}
_CHANGE = {"409": "Not possible in this state"}


def describe(app: FastAPI) -> Json:
    """The document of a service; made once, kept by the application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        _complete(document)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(document: Json) -> None:
    components: Json = document.setdefault("components", {})
    schemas: Json = components.setdefault("schemas", {})
    for name in _FASTAPIS_OWN:
        schemas.pop(name, None)
    schemas["ProblemDocument"] = ProblemDocument.model_json_schema()
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    for path, item in cast(dict[str, Json], document["paths"]).items():
        for method, operation in item.items():
            if method in _METHODS and path not in _OPERATIONS:
                _complete_operation(path, method, operation)


def _complete_operation(path: str, method: str, operation: Json) -> None:
    declared = operation.get("security")
    wanted = scope_of(path, method.upper(), declared)
    if declared is None:
        operation["security"] = [{"bearer": [wanted] if wanted else []}]
    answers: dict[str, str] = {**_WITHOUT_TENANT, **_OUTAGE}
    if not is_public(declared):
        answers.update(_WANTED)
    if "{" in path:
        answers.update(_SINGLE)
    if method != "get":
        answers.update(_CHANGE)
    responses: Json = operation["responses"]
    if "422" in responses:
        answers["422"] = _WANTED["422"]
        del responses["422"]
    for status, description in answers.items():
        responses.setdefault(status, _problem(description))


def _problem(description: str) -> Json:
    return {"description": description, "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}

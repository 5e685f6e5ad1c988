from __future__ import annotations

import pytest

from gateway.domain.openapi import operations_of
from gateway.domain.operations import Operation, OtherMethods, RouteTable
from testkit.door import described


def table(**services: dict[str, object]) -> RouteTable:
    return RouteTable.of(
        operation for name, document in services.items() for operation in operations_of(name, document)
    )


def found(table: RouteTable, method: str, path: str) -> Operation:
    operation = table.find(method, path)
    assert isinstance(operation, Operation), operation
    return operation


def test_the_first_that_is_declared_answers_as_in_the_service_itself() -> None:
    leads = table(
        orchestrator=described("GET /api/v1/leads", "GET /api/v1/leads/{lead_id}", "GET /api/v1/leads/search")
    )

    assert found(leads, "GET", "/api/v1/leads").template == "/api/v1/leads"
    assert found(leads, "GET", "/api/v1/leads/search").template == "/api/v1/leads/{lead_id}"
    assert leads.find("GET", "/api/v1/leads/1/turns") is None
    assert leads.find("GET", "/api/v1/leads/") is None
    assert leads.find("GET", "/api/v2/leads") is None
    assert leads.find("GET", "/internal/leads") is None


def test_head_is_answered_by_get_and_other_methods_are_named() -> None:
    leads = table(orchestrator=described("GET /api/v1/leads", "POST /api/v1/leads"))

    assert found(leads, "HEAD", "/api/v1/leads").method == "GET"
    assert leads.find("BREW", "/api/v1/leads") == OtherMethods(("GET", "HEAD", "OPTIONS", "POST"))


def test_an_operation_wants_what_it_declares_else_its_resource_and_kind() -> None:
    routes = table(
        tenancy=described(
            "GET /api/v1/users", "DELETE /api/v1/users/{user_id}", "POST /api/v1/login", "PUT /api/v1/keys", "GET /api/v1/me",
            "GET /api/v1/odd",
            login=[], keys=[{"bearer": ["credentials:write"]}], me=[{"HTTPBearer": []}], odd=["what"],
        )
    )  # fmt: skip

    assert found(routes, "GET", "/api/v1/users").scopes == ("users:read",)
    assert found(routes, "DELETE", "/api/v1/users/7").scopes == ("users:write",)
    assert found(routes, "PUT", "/api/v1/keys").scopes == ("credentials:write",)
    assert found(routes, "GET", "/api/v1/me").scopes == ("me:read",)
    assert found(routes, "GET", "/api/v1/odd").scopes == ("odd:read",)
    assert found(routes, "POST", "/api/v1/login").public
    assert not any(
        found(routes, method, path).public for method, path in [("GET", "/api/v1/me"), ("GET", "/api/v1/odd")]
    )


def test_of_two_services_with_one_path_the_first_has_it_and_it_is_told() -> None:
    routes = table(ocr=described("GET /api/v1/files/{id}"), files=described("GET /api/v1/files/{file_id}"))

    assert found(routes, "GET", "/api/v1/files/1").service == "ocr"
    assert "declared by ocr and files" in routes.conflicts[0]


def test_the_last_part_may_hold_slashes_when_its_format_says_so() -> None:
    document = described("GET /api/v1/journal/stories/{reference}", "GET /api/v1/journal/{id}")
    for path, item in document["paths"].items():  # type: ignore[attr-defined] # a document of JSON
        name = path.rpartition("{")[2].rstrip("}")
        schema = {"type": "string", "format": "path"} if name == "reference" else {"type": "string"}
        item["get"]["parameters"] = [{"in": "path", "name": name, "schema": schema}]
    routes = table(reporting=document)

    assert found(routes, "GET", "/api/v1/journal/stories/lead/7").template.endswith("{reference}")
    assert routes.find("GET", "/api/v1/journal/1/2") is None


@pytest.mark.parametrize(
    "path", ["", "/", "/api", "/api/v1", "/api/v1/", "/api/v1//", "/api/vx/leads", "api/v1/leads"]
)
def test_what_is_no_path_of_the_api_is_found_nowhere(path: str) -> None:
    assert table(orchestrator=described("GET /api/v1/leads")).find("GET", path) is None

from __future__ import annotations

from typing import Any

from gateway.domain.merged_document import merge


def document(path: str, **schemas: dict[str, Any]) -> dict[str, object]:
    operation = {
        "operationId": "list",
        "responses": {
            "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}},
            "422": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}}},
        },
    }
    own = {"Unused": {"type": "null"}, "Fault": {"type": "string"}} | schemas
    return {
        "paths": {path: {"get": operation}, "/health": {"get": operation}},
        "components": {"schemas": own},
    }


def page_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


LEADS = document("/api/v1/leads", Page=page_of("Lead"), Lead={"type": "object"}, Cost={"type": "number"})
FILES = document("/api/v1/files", Page=page_of("File"), File=page_of("Cost"), Cost={"type": "number"})


def merged(api: int | None = None, **services: dict[str, object]) -> Any:
    return merge(services, title="Frontdesk", version="1", api=api)


def test_schemas_of_one_name_that_differ_are_told_apart_and_equal_ones_are_one() -> None:
    api = merged(orchestrator=LEADS, **{"file-management": FILES})

    def schema(path: str) -> str:
        answer = api["paths"][path]["get"]["responses"]["200"]
        return str(answer["content"]["application/json"]["schema"]["$ref"])

    assert schema("/api/v1/leads").endswith("/Page")
    assert schema("/api/v1/files").endswith("/FileManagementPage")
    assert api["components"]["schemas"]["FileManagementPage"] == page_of("File")
    assert set(api["components"]["schemas"]) == {
        "Page",
        "Lead",
        "FileManagementPage",
        "File",
        "Cost",
        "Problem",
    }


def test_schemas_that_differ_only_in_what_they_refer_to_are_told_apart() -> None:
    first = document("/api/v1/leads", Page=page_of("Item"), Item={"type": "object"})
    second = document("/api/v1/files", Page=page_of("Item"), Item={"type": "string"})

    schemas = merged(one=first, two=second)["components"]["schemas"]

    assert schemas["TwoPage"] == page_of("TwoItem")
    assert schemas["TwoItem"] == {"type": "string"}


def test_each_operation_tells_every_status_and_errors_are_problems() -> None:
    api = merged(orchestrator=LEADS, files=FILES)
    read = api["paths"]["/api/v1/leads"]["get"]

    assert {
        "200",
        "304",
        "400",
        "401",
        "402",
        "403",
        "404",
        "413",
        "415",
        "422",
        "429",
        "431",
        "500",
        "502",
        "503",
        "504",
    } == set(read["responses"])
    assert list(read["responses"]["422"]["content"]) == ["application/problem+json"]
    assert "Retry-After" in read["responses"]["429"]["headers"]
    assert {item["get"]["operationId"] for item in api["paths"].values()} == {"list", "files_list"}


def test_what_is_public_wants_no_token_and_only_the_api_is_described() -> None:
    login = document("/api/v1/login", Page={"type": "object"})
    login["paths"]["/api/v1/login"]["get"]["security"] = []  # type: ignore[index] # a document of JSON

    api = merged(tenancy=login)

    assert list(api["paths"]) == ["/api/v1/login"]
    assert api["paths"]["/api/v1/login"]["get"]["security"] == []
    assert "401" not in api["paths"]["/api/v1/login"]["get"]["responses"]


def test_one_version_alone_can_be_described() -> None:
    second = document("/api/v2/leads", Page={"type": "string"})

    assert list(merged(2, orchestrator=LEADS, other=second)["paths"]) == ["/api/v2/leads"]

"""Who is let in where: by token, by scope, by the tenant in the path."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis import Service
from chassis.http import Caller, caller_of, public, scope, service_only, tenant_of
from chassis.settings import Settings

SERVICE, ADMIN = {"Authorization": "Bearer service-token"}, {"Authorization": "Bearer admin-token"}


def vouched(tenant: str, scopes: str, *, actor: str = "user:1", role: str = "agent") -> dict[str, str]:
    """What the gateway sends of somebody whom it let in."""
    return {**SERVICE, "X-Tenant-Id": tenant, "X-Actor": actor, "X-Role": role, "X-Scopes": scopes}


def rooms() -> APIRouter:
    router = APIRouter()

    @router.get("/api/v1/rooms")
    async def list_rooms(
        tenant_id: Annotated[str, Depends(tenant_of)], caller: Annotated[Caller, Depends(caller_of)]
    ) -> str:
        return f"{tenant_id} for {caller.actor}"

    @router.post("/api/v1/rooms")
    async def add_room() -> str:
        return "added"

    @router.get("/api/v1/tenants/{tenant_id}/rooms", openapi_extra=scope("rooms:list"))
    async def list_rooms_of(tenant_id: str) -> str:
        return tenant_id

    @router.post("/api/v1/auth/login", openapi_extra=public())
    async def log_in() -> str:
        return "welcome"

    @router.get("/internal/rooms")
    async def list_all() -> str:
        return "all"

    @router.get("/internal/keys", dependencies=[Depends(service_only)])
    async def open_keys() -> str:
        return "keys"

    return router


async def break_down(_: Request) -> Response:
    raise LookupError("a bug")


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings.model_validate(
        {
            "amqp_url": "amqp://localhost", "database_url": "postgresql://a:b@localhost/c", "blob_url": "memory://",
            "master_key": "A" * 43, "service_token": "service-token", "admin_token": "admin-token",
        }
    )  # fmt: skip
    service = Service("reporting", settings)
    service.serves(rooms())
    service.mounts([Route("/broken", break_down)])
    transport = httpx.ASGITransport(service.app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as http:
        yield http
    await service.database.close()
    await service.tenants.close()


async def test_a_route_wants_a_token_unless_it_is_public(client: httpx.AsyncClient) -> None:
    refused = await client.get("/api/v1/rooms")
    forged = await client.get(
        "/api/v1/rooms", headers={**vouched("a", "rooms:read"), "Authorization": "Bearer x"}
    )
    welcome = await client.post("/api/v1/auth/login")

    assert (refused.status_code, forged.status_code, welcome.text) == (401, 401, '"welcome"')
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.headers["WWW-Authenticate"] == "Bearer"


async def test_the_scope_follows_from_path_and_method(client: httpx.AsyncClient) -> None:
    reader = vouched("acme", "rooms:read")

    assert (await client.get("/api/v1/rooms", headers=reader)).text == '"acme for user:1"'
    refused = await client.post("/api/v1/rooms", headers=reader)
    assert (refused.status_code, refused.json()["detail"]) == (
        403, "this needs the scope rooms:write, which user:1 does not have",
    )  # fmt: skip
    assert (await client.post("/api/v1/rooms", headers=vouched("acme", "rooms:write"))).status_code == 200
    assert (await client.post("/api/v1/rooms", headers=SERVICE)).status_code == 200


async def test_no_scopes_at_all_let_nobody_in(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/rooms", headers=vouched("acme", ""))).status_code == 403


async def test_another_company_in_the_path_does_not_exist(client: httpx.AsyncClient) -> None:
    own, other = "/api/v1/tenants/acme/rooms", "/api/v1/tenants/umbrella/rooms"
    agent = vouched("acme", "rooms:list")
    super_admin = vouched("fleet", "rooms:list", role="super_admin")

    assert [(await client.get(path, headers=agent)).status_code for path in (own, other)] == [200, 404]
    assert (await client.get(other, headers=super_admin)).status_code == 200
    assert (await client.get(other, headers=ADMIN)).status_code == 200
    assert (await client.get(own, headers=vouched("acme", "rooms:read"))).status_code == 403


async def test_what_is_internal_is_for_services_and_admins(client: httpx.AsyncClient) -> None:
    callers = (SERVICE, ADMIN, vouched("acme", "rooms:read"), vouched("acme", "rooms:read", actor="key:7"))

    assert [(await client.get("/internal/rooms", headers=who)).status_code for who in callers] == [
        200,
        200,
        403,
        403,
    ]
    assert [(await client.get("/internal/keys", headers=who)).status_code for who in callers] == [
        200,
        403,
        403,
        403,
    ]


async def test_a_tenant_or_an_actor_that_cannot_be_is_refused(client: httpx.AsyncClient) -> None:
    broken = await client.get("/api/v1/rooms", headers={**SERVICE, "X-Tenant-Id": "Ac me"})
    nameless = await client.get("/api/v1/rooms", headers={**SERVICE, "X-Tenant-Id": "acme", "X-Actor": " "})
    none = await client.get("/api/v1/rooms", headers=SERVICE)

    assert (broken.status_code, nameless.status_code, none.status_code) == (400, 422, 400)


async def test_the_description_names_the_scope_and_each_status(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]

    assert paths["/api/v1/rooms"]["get"]["security"] == [{"bearer": ["rooms:read"]}]
    assert paths["/api/v1/tenants/{tenant_id}/rooms"]["get"]["security"] == [{"bearer": ["rooms:list"]}]
    assert paths["/api/v1/auth/login"]["post"]["security"] == []
    assert set(paths["/api/v1/rooms"]["get"]["responses"]) == {"200", "400", "401", "403", "422", "503"}
    assert set(paths["/api/v1/auth/login"]["post"]["responses"]) == {"200", "400", "409", "503"}
    assert "404" in paths["/api/v1/tenants/{tenant_id}/rooms"]["get"]["responses"]


async def test_a_bug_in_a_plain_route_is_a_problem_too(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broken")

    assert (answer.status_code, answer.json()["title"]) == (500, "Internal error")

"""A stand-in for tenancy over real HTTP: the tenants and credentials that a test gives it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from contracts.tenants.http_v1 import TenantProfile, Texts

SMTP: Mapping[str, str | int] = {
    "host": "mail.muster.test",
    "port": 587,
    "username": "büro",
    "password": "Geheim-ß-1",
    "security": "starttls",
}
"""A credential with umlauts, as somebody enters it."""


def profile(tenant_id: str, **changes: object) -> TenantProfile:
    """A tenant's profile with everything that must be there."""
    texts = {
        "de": Texts(signature="Ihr Team", imprint="Muster GmbH, Wien, FN 123456a", ai_notice="Diese Antwort schrieb eine KI."),
        "en": Texts(signature="Your team", imprint="Muster GmbH, Vienna, FN 123456a", ai_notice="An AI wrote this answer."),
    }  # fmt: skip
    values: dict[str, object] = {
        "tenant_id": tenant_id,
        "name": "Muster Immobilien",
        "version": 1,
        "mailbox": f"office@{tenant_id}.test",
        "display_name": "Muster Immobilien",
        "agent_email": f"agent@{tenant_id}.test",
        "texts": texts,
    }
    return TenantProfile.model_validate(values | changes)


class TenancyStub:
    """What the stand-in answers; change it as the test goes on."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.profiles: dict[str, TenantProfile] = {}
        self.credentials: dict[tuple[str, str], dict[str, str]] = {}
        self.hooks: list[dict[str, object]] = []
        self.down = False

    def add(self, tenant: TenantProfile, **credentials: dict[str, str]) -> None:
        """Add a tenant, with credentials by name."""
        self.profiles[tenant.tenant_id] = tenant
        for name, values in credentials.items():
            self.credentials[tenant.tenant_id, name] = values

    def routes(self) -> list[Route]:
        """The internal routes of tenancy."""
        return [
            Route("/internal/tenants", self._all),
            Route("/internal/tenants/{tenant_id}/profile", self._profile),
            Route("/internal/tenants/{tenant_id}/credentials/{name}", self._credential),
            Route("/internal/hooks", self._hooks),
        ]

    async def _all(self, _: Request) -> Response:
        working = (name for name, profile in self.profiles.items() if not profile.suspended)
        return self._answer({"tenants": sorted(working)})

    async def _profile(self, request: Request) -> Response:
        found = self.profiles.get(request.path_params["tenant_id"])
        return self._answer(found.model_dump(mode="json") if found else None)

    async def _credential(self, request: Request) -> Response:
        name: str = request.path_params["name"]
        values = self.credentials.get((request.path_params["tenant_id"], name))
        return self._answer({"name": name, "version": 1, "values": values} if values is not None else None)

    async def _hooks(self, _: Request) -> Response:
        return self._answer({"version": 1, "hooks": self.hooks})

    def _answer(self, body: dict[str, object] | None) -> Response:
        if self.down:
            return Response(status_code=503)
        return Response(status_code=404) if body is None else JSONResponse(body)


@asynccontextmanager
async def tenancy_stub() -> AsyncIterator[TenancyStub]:
    """The stand-in on a free port, for as long as the block lasts."""
    listener = socket.create_server(("127.0.0.1", 0))
    stub = TenancyStub(f"http://127.0.0.1:{listener.getsockname()[1]}")
    config = uvicorn.Config(
        Starlette(routes=stub.routes()), log_config=None, lifespan="off", access_log=False
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield stub
    finally:
        server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """Uvicorn that leaves the test run's signals alone."""

    def install_signal_handlers(self) -> None:
        return None

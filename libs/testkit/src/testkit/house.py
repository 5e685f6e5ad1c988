"""The whole fleet in the test's own process, furnished: what a journey is played in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
from pydantic import JsonValue

from chassis import Service
from chassis.dead_letters import DeadLetter
from frontdesk import checkout
from frontdesk.fleet.house import running_house
from frontdesk.fleet.plan import FleetPlan, plan_fleet
from frontdesk.fleet.roster import environ
from frontdesk.fleet.seed import seed
from frontdesk.fleet.vendors import Vendors, simulated_vendors
from frontdesk.play.enquiry import SENDING
from frontdesk.play.furnishing import furnish
from frontdesk.play.journal import Entry, Journal
from frontdesk.play.world import World
from frontdesk.stack import Stack, place_of_its_own
from testkit.mail import Mail
from testkit.sandbox import Sandbox, steered
from testkit.stack import name_of_this_session

QUICK: Mapping[str, JsonValue] = {
    "burst_window_seconds": 0.3,
    "replies_per_hour": 1000,
}
"""What each company of `deploy/tenants.yaml` has otherwise here, so that a journey does not wait."""
QUIET_SECONDS = 2.0
"""How long nothing must happen before it counts as nothing: turns close after 0.3 s."""


@dataclass
class FurnishedHouse:
    """A fleet that runs, its doors, the world outside, and the companies."""

    plan: FleetPlan
    world: World
    sandbox: Sandbox
    http: httpx.AsyncClient
    """The gateway, with the admin token."""
    services: Mapping[str, Service]
    tenants: dict[str, dict[str, JsonValue]]

    @property
    def mail(self) -> Mail:
        """The mail servers' control plane."""
        return self.sandbox.mail

    def journal(self, tenant_id: str = SENDING) -> Journal:
        """A company's journal."""
        return Journal(self.http, tenant_id)

    def text(self, name: str, tenant_id: str = SENDING) -> str:
        """A field of a company's configuration."""
        return str(self.tenants[tenant_id][name])

    async def lead_of(self, email: str, tenant_id: str = SENDING, *, within: float = 60.0) -> str:
        """Wait for the lead of a person, known by the address; returns its id."""
        created = await self.journal(tenant_id).first(
            "lead.created.v1", lambda entry: email.lower() in _points(entry), within=within
        )
        return str(created.body["lead_id"])

    async def lead(self, lead_id: str, tenant_id: str = SENDING) -> dict[str, JsonValue]:
        """A lead with everything that belongs to it, as the API shows it."""
        answer = await self.http.get(f"/api/v1/leads/{lead_id}", headers={"X-Tenant-Id": tenant_id})
        answer.raise_for_status()
        found: dict[str, JsonValue] = answer.json()
        return found

    async def first(
        self, kind: str, lead_id: str, tenant_id: str = SENDING, *, within: float = 60.0, **fields: JsonValue
    ) -> Entry:
        """Wait for a message of a lead's story whose body has these fields."""
        wanted = {"lead_id": lead_id, **fields}
        return await self.journal(tenant_id).first(
            kind,
            lambda entry: all(entry.body.get(name) == value for name, value in wanted.items()),
            within=within,
        )

    async def configure(self, tenant_id: str = SENDING, **changes: JsonValue) -> None:
        """Change a company's configuration, as an admin does."""
        self.tenants[tenant_id] = {**self.tenants[tenant_id], **changes}
        await seed(
            self.plan.url("tenancy"),
            self.plan.shared["FRONTDESK_ADMIN_TOKEN"],
            {tenant_id: self.tenants[tenant_id]},
        )

    async def with_credential(self, name: str, tenant_id: str = SENDING, **values: JsonValue) -> None:
        """Change values of a company's credential."""
        held = cast("dict[str, dict[str, JsonValue]]", self.tenants[tenant_id]["credentials"])
        await self.configure(tenant_id, credentials={**held, name: {**held[name], **values}})

    async def dead_letters(self) -> list[DeadLetter]:
        """What is dead, in all services."""
        return [
            letter for service in self.services.values() for letter in await service.dead_letters.listed()
        ]


@asynccontextmanager
async def furnished_house(
    stack: Stack, folder: Path, changes: Mapping[str, str] | None = None
) -> AsyncIterator[FurnishedHouse]:
    """The whole fleet with the simulated vendors, on a virtual host and a database of its own.

    `changes` are environment variables of the services.
    """
    with place_of_its_own(stack, name_of_this_session()) as place:
        async with simulated_vendors(folder / "sandbox") as vendors:
            plan = plan_fleet(folder / "fleet", vendors, place)
            with environ(dict(changes or {})):
                plan = FleetPlan(plan.folder, plan.ports, {**plan.shared, **(changes or {})})
                async with running_house(plan) as running, _doors(plan, vendors) as doors:
                    yield await _furnished(plan, running.services, *doors)


@asynccontextmanager
async def _doors(
    plan: FleetPlan, vendors: Vendors
) -> AsyncIterator[tuple[World, Sandbox, httpx.AsyncClient]]:
    token = {"Authorization": f"Bearer {plan.shared['FRONTDESK_ADMIN_TOKEN']}"}
    async with (
        httpx.AsyncClient(trust_env=False, timeout=60) as outside,
        steered(vendors) as sandbox,
        httpx.AsyncClient(
            base_url=plan.url("gateway"), headers=token, trust_env=False, timeout=60
        ) as gateway,
    ):
        yield World(vendors, outside), sandbox, gateway


async def _furnished(
    plan: FleetPlan,
    services: Sequence[Service],
    world: World,
    sandbox: Sandbox,
    gateway: httpx.AsyncClient,
) -> FurnishedHouse:
    tenants = await furnish(world, plan, checkout.root() / "deploy" / "tenants.yaml")
    house = FurnishedHouse(
        plan, world, sandbox, gateway, {service.name: service for service in services}, tenants
    )
    for tenant_id in tenants:
        await house.configure(tenant_id, **QUICK)
    return house


def _points(entry: Entry) -> list[str]:
    points = cast("list[dict[str, JsonValue]]", entry.body["contact_points"])
    return [str(point["value"]) for point in points]

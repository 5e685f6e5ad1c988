"""`frontdesk migrate`, `frontdesk up`: the fleet itself."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated

import httpx
import typer
import uvloop
from pydantic import JsonValue

from chassis.running import Fleet, run_until_signal
from chassis.telemetry import configure_logs
from frontdesk import checkout
from frontdesk.fleet.house import create_services, prepare
from frontdesk.fleet.plan import FleetPlan, plan_fleet
from frontdesk.fleet.seed import read_tenants, seed
from frontdesk.fleet.vendors import Vendors, simulated_vendors
from frontdesk.play.world import World
from frontdesk.stack import Stack

Tenants = Annotated[
    Path | None, typer.Option(help="Tenants to bring tenancy to; deploy/tenants.yaml by default.")
]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("migrate")(migrate)
    app.command("up")(up)
    app.command("seed")(seed_tenants)


def migrate() -> None:
    """Bring every schema up to date and declare every queue."""
    folder = checkout.local_folder()
    Stack.at(folder).start()
    services = create_services(plan_fleet(folder, None))
    asyncio.run(prepare(services))
    typer.echo(f"{len(services)} services: schemas and queues are up to date")


def up(
    tenants: Tenants = None,
    real_vendors: Annotated[
        bool,
        typer.Option(
            "--real-vendors", help="Don't start the simulated vendors; the environment names the real ones."
        ),
    ] = False,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR.")] = "WARNING",
) -> None:
    """Start everything in one process and stay until stopped (Ctrl-C), printing addresses and a token."""
    configure_logs(log_level)
    folder = checkout.local_folder()
    Stack.at(folder).start()
    uvloop.run(
        _up(folder, tenants or checkout.root() / "deploy" / "tenants.yaml", with_vendors=not real_vendors)
    )


def seed_tenants(file: Path, tenancy_url: str = "http://127.0.0.1:8001") -> None:
    """Bring tenancy to the tenants of a YAML file; again changes nothing."""
    plan = plan_fleet(checkout.local_folder(), None)
    tenants = read_tenants(file, {})
    asyncio.run(seed(tenancy_url, plan.shared["FRONTDESK_ADMIN_TOKEN"], tenants))
    typer.echo(f"{len(tenants)} tenants are as {file} says")


async def _up(folder: Path, file: Path, *, with_vendors: bool) -> None:
    async with contextlib.AsyncExitStack() as stack:
        vendors = (
            await stack.enter_async_context(simulated_vendors(folder / "sandbox")) if with_vendors else None
        )
        plan = plan_fleet(folder, vendors)
        services = create_services(plan)
        await prepare(services)
        background: set[asyncio.Task[None]] = set()

        def ready() -> None:
            background.add(asyncio.create_task(_open_the_doors(plan, vendors, file)))

        await run_until_signal(Fleet(services), ready=ready)


async def _open_the_doors(plan: FleetPlan, vendors: Vendors | None, file: Path) -> None:
    """Seed the tenants and say where everything is."""
    token = plan.shared["FRONTDESK_ADMIN_TOKEN"]
    if vendors is not None:
        async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
            tenants = await furnish(World(vendors, http), plan, file)
        typer.echo(f"tenants: {', '.join(tenants)}")
        for name, address in vendors.addresses.items():
            typer.echo(f"  vendor   {name:<16} {address}")
    for name in plan.ports:
        typer.echo(f"  service  {name:<16} {plan.url(name)}/docs")
    typer.echo(f"admin token: {token}")
    typer.echo(f"try: curl -H 'Authorization: Bearer {token}' {plan.url('gateway')}/api/v1/tenants")
    typer.echo("stop with Ctrl-C")


async def furnish(world: World, plan: FleetPlan, file: Path) -> dict[str, dict[str, JsonValue]]:
    """Open the tenants' mailboxes at the simulated mail servers, and bring tenancy to the file."""
    tenants = read_tenants(file, world.places("muster"))
    accounts: list[tuple[str, str]] = [("fleet@frontdesk.test", "fleet-password")]
    for document in tenants.values():
        credentials = document["credentials"]
        assert isinstance(credentials, dict)
        smtp = credentials["smtp"]
        assert isinstance(smtp, dict)
        accounts += [
            (str(smtp["username"]), str(smtp["password"])),
            (str(document["agent_email"]), "agent-password"),
        ]
    await world.open_mailboxes(accounts)
    await seed(plan.url("tenancy"), plan.shared["FRONTDESK_ADMIN_TOKEN"], tenants)
    return tenants

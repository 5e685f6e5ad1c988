"""`frontdesk migrate`, `frontdesk up`: the fleet itself."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping, Sequence
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
from frontdesk.fleet.seed import SeedRefused, read_tenants, seed
from frontdesk.fleet.vendors import Vendors, simulated_vendors
from frontdesk.play.world import World
from frontdesk.stack import Stack

WATCH_SECONDS = 90.0
Tenants = Annotated[
    Path | None,
    typer.Option(
        help="Tenants to bring tenancy to; deploy/tenants.yaml by default, none with --real-vendors.",
        exists=True,
        dir_okay=False,
    ),
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
    file = tenants if real_vendors or tenants else checkout.root() / "deploy" / "tenants.yaml"
    uvloop.run(_up(folder, file, with_vendors=not real_vendors))


def seed_tenants(
    file: Annotated[Path, typer.Argument(help="The tenants, in YAML.", exists=True, dir_okay=False)],
    tenancy_url: Annotated[
        str | None, typer.Option(help="Where tenancy answers; in this checkout's fleet by default.")
    ] = None,
) -> None:
    """Bring tenancy to the tenants of a YAML file; again changes nothing."""
    plan = plan_fleet(checkout.local_folder(), None)
    try:
        tenants = read_tenants(file, {})
        asyncio.run(seed(tenancy_url or plan.url("tenancy"), plan.shared["FRONTDESK_ADMIN_TOKEN"], tenants))
    except (SeedRefused, ValueError) as error:
        sys.exit(f"frontdesk: {error}")
    typer.echo(f"{len(tenants)} tenants are as {file} says")


async def _up(folder: Path, file: Path | None, *, with_vendors: bool) -> None:
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


async def _open_the_doors(plan: FleetPlan, vendors: Vendors | None, file: Path | None) -> None:
    """Seed the tenants and say where everything is."""
    token = plan.shared["FRONTDESK_ADMIN_TOKEN"]
    if file is not None:
        try:
            typer.echo(f"tenants: {', '.join(await _bring(plan, vendors, file))}")
        except (SeedRefused, ValueError, httpx.HTTPError) as error:
            typer.echo(f"frontdesk: the tenants of {file} were not brought: {error}", err=True)
    if vendors is not None:
        for name, address in vendors.addresses.items():
            typer.echo(f"  vendor   {name:<16} {address}")
    for name in plan.ports:
        typer.echo(f"  service  {name:<16} {plan.url(name)}/docs")
    typer.echo(f"admin token: {token}")
    typer.echo(f"try: curl -H 'Authorization: Bearer {token}' {plan.url('gateway')}/api/v1/tenants")
    typer.echo("stop with Ctrl-C")


async def _bring(plan: FleetPlan, vendors: Vendors | None, file: Path) -> dict[str, dict[str, JsonValue]]:
    if vendors is None:
        tenants = read_tenants(file, {})
        await seed(plan.url("tenancy"), plan.shared["FRONTDESK_ADMIN_TOKEN"], tenants)
        return tenants
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        return await furnish(World(vendors, http), plan, file)


async def furnish(world: World, plan: FleetPlan, file: Path) -> dict[str, dict[str, JsonValue]]:
    """Open the tenants' mailboxes at the simulated mail servers, and bring tenancy to the file."""
    tenants = read_tenants(file, world.places("muster"))
    accounts: list[tuple[str, str]] = [("fleet@frontdesk.test", "fleet-password")]
    for document in tenants.values():
        smtp = _credentials_of(document).get("smtp")
        if isinstance(smtp, dict):
            accounts.append((str(smtp.get("username")), str(smtp.get("password"))))
        if "agent_email" in document:
            accounts.append((str(document["agent_email"]), "agent-password"))
    await world.open_mailboxes(accounts)
    await seed(plan.url("tenancy"), plan.shared["FRONTDESK_ADMIN_TOKEN"], tenants)
    await _until_watched(
        plan, [name for name, document in tenants.items() if "imap" in _credentials_of(document)]
    )
    return tenants


def _credentials_of(document: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """A tenant's credentials by name, as the file has them."""
    credentials = document.get("credentials")
    return credentials if isinstance(credentials, dict) else {}


async def _until_watched(plan: FleetPlan, tenants: Sequence[str]) -> None:
    """Wait until the tenants' mailboxes are watched: a letter that lies there before the first look counts as old."""
    headers = {"Authorization": f"Bearer {plan.shared['FRONTDESK_ADMIN_TOKEN']}"}
    async with (
        httpx.AsyncClient(
            base_url=plan.url("email-ingest"), headers=headers, trust_env=False, timeout=10
        ) as http,
        asyncio.timeout(WATCH_SECONDS),
    ):
        while True:
            mailboxes = (await http.get("/internal/mailboxes")).json()["mailboxes"]
            watched = {box["tenant_id"] for box in mailboxes if box["watching"] and box["folder"] == "inbox"}
            if watched.issuperset(tenants):
                return
            await asyncio.sleep(0.1)

"""`frontdesk migrate`, `frontdesk up`, `frontdesk seed`: the fleet itself."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from frontdesk import checkout
from frontdesk.stack import Stack

if TYPE_CHECKING:
    from frontdesk.fleet.plan import FleetPlan
    from frontdesk.fleet.vendors import Vendors

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
    from frontdesk.fleet.house import create_services, prepare
    from frontdesk.fleet.plan import plan_fleet

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
    import uvloop

    from chassis.telemetry import configure_logs
    from frontdesk.fleet.house import keep_house

    configure_logs(log_level)
    folder = checkout.local_folder()
    Stack.at(folder).start()
    file = tenants if real_vendors or tenants else checkout.root() / "deploy" / "tenants.yaml"

    async def opened(plan: FleetPlan, vendors: Vendors | None) -> None:
        if file is not None:
            await _bring(plan, vendors, file)
        _print_addresses(plan, vendors)
        if vendors is None:
            _print_what_is_missing(plan)
        typer.echo("stop with Ctrl-C")

    uvloop.run(keep_house(folder, simulated=not real_vendors, opened=opened))


def seed_tenants(
    file: Annotated[Path, typer.Argument(help="The tenants, in YAML.", exists=True, dir_okay=False)],
    tenancy_url: Annotated[
        str | None,
        typer.Option(help="Where tenancy answers, or its gateway; in this checkout's fleet by default."),
    ] = None,
    sandbox_url: Annotated[
        str | None,
        typer.Option(
            help="Simulated vendors of a fleet elsewhere, as in containers: they get the mailboxes."
        ),
    ] = None,
    gateway_url: Annotated[
        str | None,
        typer.Option(help="The gateway as those vendors reach it: Stripe posts its events there."),
    ] = None,
) -> None:
    """Bring tenancy to the tenants of a YAML file; again changes nothing."""
    import httpx

    from frontdesk.fleet.plan import plan_fleet
    from frontdesk.fleet.seed import SeedRefused, read_tenants, seed
    from frontdesk.play.furnishing import furnish_elsewhere

    plan = plan_fleet(checkout.local_folder(), None)
    try:
        url, token = tenancy_url or plan.url("tenancy"), plan.shared["FRONTDESK_ADMIN_TOKEN"]
        if sandbox_url is None:
            tenants = read_tenants(file, {})
            asyncio.run(seed(url, token, tenants))
        else:
            tenants = asyncio.run(furnish_elsewhere(sandbox_url, url, token, file, gateway_url))
    except (SeedRefused, ValueError, httpx.HTTPError) as error:
        sys.exit(f"frontdesk: {error}")
    typer.echo(f"{len(tenants)} tenants are as {file} says")


async def _bring(plan: FleetPlan, vendors: Vendors | None, file: Path) -> None:
    """Bring tenancy to the file's tenants; when that fails the fleet stays up, and it is said."""
    import httpx

    from frontdesk.fleet.seed import SeedRefused
    from frontdesk.play.furnishing import bring_tenants

    try:
        typer.echo(f"tenants: {', '.join(await bring_tenants(plan, vendors, file))}")
    except (SeedRefused, ValueError, TimeoutError, httpx.HTTPError) as error:
        typer.echo(f"frontdesk: the tenants of {file} were not brought: {error}", err=True)


def _print_addresses(plan: FleetPlan, vendors: Vendors | None) -> None:
    token = plan.shared["FRONTDESK_ADMIN_TOKEN"]
    if vendors is not None:
        for name, address in vendors.addresses.items():
            typer.echo(f"  vendor   {name:<16} {address}")
    for name in plan.ports:
        typer.echo(f"  service  {name:<16} {plan.url(name)}/docs")
    typer.echo(f"operators' page: {plan.url('observer')}/  (sign in with the admin token)")
    typer.echo(f"admin token: {token}")
    typer.echo(f"try: curl -H 'Authorization: Bearer {token}' {plan.url('gateway')}/api/v1/tenants")


def _print_what_is_missing(plan: FleetPlan) -> None:
    """Which real vendors nobody named; mail, CRM and OneDrive are each tenant's own and asked for by the services."""
    from frontdesk.fleet.vendor_settings import missing

    for sentence in missing({**os.environ, **plan.shared}):
        typer.echo(f"missing: {sentence}")
    typer.echo(
        "mail servers, CRM and OneDrive are in each tenant's credentials: 'frontdesk seed FILE' brings them"
    )

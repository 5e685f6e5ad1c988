"""`frontdesk billing`: plans, use, and whether Stripe and the ledger agree."""

from __future__ import annotations

from typing import Annotated, cast

import typer
from pydantic import JsonValue

from frontdesk.commands.door import open_door

_BASE = "/api/v1/billing"
Line = dict[str, JsonValue]
Tenant = Annotated[str, typer.Argument(help="The tenant.")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="The ledger of use, and whether Stripe agrees with it.")
    for command in (plans, seed, usage, reconcile, drift):
        group.command()(command)
    app.add_typer(group, name="billing")


def plans() -> None:
    """List what is sold."""
    for plan in _lines(open_door().ask("GET", f"{_BASE}/plans")):
        monthly = cast(dict[str, str], plan["monthly"])
        fees = ", ".join(f"{fee} {code}" for code, fee in monthly.items())
        typer.echo(f"{plan['name']:<12} {fees}  (prices of use: {plan['prices_version']})")


def seed() -> None:
    """Make the products, prices and meters that Stripe lacks; again it makes nothing."""
    made = cast(list[str], open_door().ask("POST", f"{_BASE}/fleet/seed"))
    for each in made:
        typer.echo(each)
    typer.echo(f"{len(made)} made" if made else "nothing was missing")


def usage(tenant: Tenant, since: Annotated[str, typer.Option(help="A month, such as 2026-11.")] = "") -> None:
    """Show what a tenant used, by month and unit."""
    query = f"?since={since}" if since else ""
    for line in _lines(open_door().ask("GET", f"{_BASE}/usage{query}", tenant=tenant)):
        typer.echo(
            f"{line['month']}  {line['unit']:<9} {line['quantity']:>12}  value {line['value']} {line['currency']}  "
            f"cost {line['cost']} {line['currency']}"
        )


def reconcile(
    tenant: Annotated[str | None, typer.Option(help="Only this tenant; else all.")] = None,
) -> None:
    """Compare Stripe with the ledger now, and mend what is safe."""
    query = f"?tenant_id={tenant}" if tenant else ""
    _show(_lines(open_door().ask("POST", f"{_BASE}/fleet/reconcile{query}")), "Stripe and the ledger agree")


def drift() -> None:
    """Show where Stripe and the ledger differed, and events of customers nobody knows."""
    found = cast(dict[str, JsonValue], open_door().ask("GET", f"{_BASE}/fleet/drift"))
    _show(_lines(found["drift"]), "no drift was found")
    for stray in _lines(found["strays"]):
        typer.echo(f"{stray['heard_at']}  {stray['type']} {stray['object_id']}: {stray['note']}")


def _show(lines: list[Line], otherwise: str) -> None:
    for line in lines:
        typer.echo(f"{line['company_id']}  {'mended' if line['mended'] else 'OPEN  '}  {line['sentence']}")
    if not lines:
        typer.echo(otherwise)


def _lines(answer: JsonValue) -> list[Line]:
    return cast(list[Line], answer)

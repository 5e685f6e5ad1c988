"""What a house needs before a letter can come: tenants, and with the simulated vendors their mailboxes."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
from pydantic import JsonValue

from frontdesk.fleet.plan import FleetPlan
from frontdesk.fleet.seed import read_tenants, seed
from frontdesk.fleet.vendors import Vendors
from frontdesk.play.world import World

WATCH_SECONDS = 90.0


async def bring_tenants(
    plan: FleetPlan, vendors: Vendors | None, file: Path
) -> dict[str, dict[str, JsonValue]]:
    """Bring tenancy to the tenants of a file; where the vendors are simulated, they learn of them too.

    Raises `SeedRefused`, `ValueError` for the file, `TimeoutError` for mailboxes that nobody begins to watch.
    """
    if vendors is None:
        tenants = read_tenants(file, {})
        await seed(plan.url("tenancy"), plan.shared["FRONTDESK_ADMIN_TOKEN"], tenants)
        return tenants
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        tenants = await furnish(World(vendors, http), plan, file)
        await _fill_the_shop(plan, http)
    return tenants


async def _fill_the_shop(plan: FleetPlan, http: httpx.AsyncClient) -> None:
    """Make billing's products, prices and meters at the simulated Stripe, so that a plan can be bought."""
    headers = {"Authorization": f"Bearer {plan.shared['FRONTDESK_ADMIN_TOKEN']}"}
    answer = await http.post(f"{plan.url('billing')}/api/v1/billing/fleet/seed", headers=headers, timeout=60)
    answer.raise_for_status()


async def furnish(world: World, plan: FleetPlan, file: Path) -> dict[str, dict[str, JsonValue]]:
    """Open the tenants' mailboxes at the simulated mail servers, have Stripe post to their hooks, bring tenancy to the file."""
    tenants = await _open_and_seed(
        world, plan.url("tenancy"), plan.shared["FRONTDESK_ADMIN_TOKEN"], file, plan.url("gateway")
    )
    await _until_watched(
        plan, [name for name, document in tenants.items() if "imap" in _credentials_of(document)]
    )
    return tenants


async def furnish_elsewhere(
    sandbox_url: str, tenancy_url: str, admin_token: str, file: Path, gateway_url: str | None = None
) -> dict[str, dict[str, JsonValue]]:
    """The same for a fleet that is not this checkout's, as in containers: its simulated vendors say where they are.

    `gateway_url` is the gateway as those vendors reach it: Stripe posts there.

    Raises `SeedRefused`, `ValueError` for the file, `httpx.HTTPError` for vendors that do not answer.
    """
    control = f"{sandbox_url.rstrip('/')}/_sandbox"
    async with httpx.AsyncClient(trust_env=False, timeout=30) as http:
        addresses = (await http.get(f"{control}/addresses")).raise_for_status().json()
        authority = (await http.get(f"{control}/mail/ca")).raise_for_status()
        with tempfile.NamedTemporaryFile(suffix=".pem") as ca:
            Path(ca.name).write_bytes(authority.content)
            # The services reach the vendors by the network's names, we by the address that was given.
            world = World(Vendors({**addresses, "ca": ca.name, "control": control}), http)
            return await _open_and_seed(world, tenancy_url, admin_token, file, gateway_url)


async def _open_and_seed(
    world: World, tenancy_url: str, admin_token: str, file: Path, gateway_url: str | None
) -> dict[str, dict[str, JsonValue]]:
    tenants = read_tenants(file, world.places("muster"))
    accounts: list[tuple[str, str]] = [("fleet@frontdesk.test", "fleet-password")]
    for document in tenants.values():
        smtp = _credentials_of(document).get("smtp")
        if isinstance(smtp, dict):
            accounts.append((str(smtp.get("username")), str(smtp.get("password"))))
        if "agent_email" in document:
            accounts.append((str(document["agent_email"]), "agent-password"))
    await world.open_mailboxes(accounts)
    if gateway_url is not None:
        for hook_id, secret in _payment_hooks(tenants):
            await world.post_payment_events(f"{gateway_url}/webhooks/stripe/{hook_id}", secret)
    await seed(tenancy_url, admin_token, tenants)
    return tenants


def _payment_hooks(tenants: Mapping[str, Mapping[str, JsonValue]]) -> list[tuple[str, str]]:
    """The hooks that Stripe posts to, each with its first secret."""
    found: list[tuple[str, str]] = []
    for document in tenants.values():
        hooks = document.get("hooks")
        for hook in hooks if isinstance(hooks, list) else []:
            if isinstance(hook, dict) and hook.get("verifier") == "stripe":
                secrets = hook.get("secrets")
                if isinstance(secrets, list) and secrets:
                    found.append((str(hook["hook_id"]), str(secrets[0])))
    return found


def _credentials_of(document: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """A tenant's credentials by name, as the file has them."""
    credentials = document.get("credentials")
    return credentials if isinstance(credentials, dict) else {}


async def _until_watched(plan: FleetPlan, tenants: Sequence[str]) -> None:
    """Wait until the tenants' mailboxes are watched: a letter that lies there before the first look counts as old."""
    headers = {"Authorization": f"Bearer {plan.shared['FRONTDESK_ADMIN_TOKEN']}"}
    missing = set(tenants)
    async with httpx.AsyncClient(
        base_url=plan.url("email-ingest"), headers=headers, trust_env=False, timeout=10
    ) as http:
        try:
            async with asyncio.timeout(WATCH_SECONDS):
                while missing:
                    mailboxes = (await http.get("/internal/mailboxes")).json()["mailboxes"]
                    missing -= {
                        box["tenant_id"] for box in mailboxes if box["watching"] and box["folder"] == "inbox"
                    }
                    if missing:
                        await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise TimeoutError(
                f"after {WATCH_SECONDS:.0f} s nobody watches the mailboxes of {', '.join(sorted(missing))}: "
                f"see {plan.url('email-ingest')}/health"
            ) from error

"""A licence from billing on the real broker: it suspends a company, and lifts that again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from contracts.tenants.v1 import LicenceChanged, TenantConfigured
from tenancy.app import create_service
from testkit.service import RunningService, running

TEXTS = {"signature": "Ihr Team", "imprint": "Müßig GmbH", "ai_notice": "Von einer KI."}


@pytest.fixture(scope="module")
async def tenancy(environment: dict[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, environment) as service:
        yield service


@pytest.fixture
async def tenant_id(tenancy: RunningService) -> str:
    tenant_id = f"lizenz-{uuid4().hex[:10]}"
    document = {
        "name": "Müßig & Söhne", "mailbox": f"office@{tenant_id}.test", "display_name": "Müßig",
        "agent_email": f"agent@{tenant_id}.test", "texts": {"de": TEXTS, "en": TEXTS},
        "hooks": [
            {"hook_id": f"{tenant_id}-mail", "source": "mime", "secrets": ["s" * 32]},
            {"hook_id": f"{tenant_id}-stripe", "source": "stripe", "verifier": "stripe", "secrets": ["s" * 32]},
        ],
    }  # fmt: skip
    answer = await tenancy.http.put(f"/api/v1/tenants/{tenant_id}", json=document)
    assert answer.is_success, answer.text
    return tenant_id


async def test_a_licence_that_ran_out_suspends_and_a_payment_lifts_it(
    tenancy: RunningService, tenant_id: str
) -> None:
    stopped = await licensed(tenancy, tenant_id, 1, "suspended", "payment_failed")
    view = (await tenancy.http.get(f"/api/v1/tenants/{tenant_id}")).json()
    owing, hooks = await unlicensed(tenancy), await shut_hooks(tenancy, tenant_id)
    paid = await licensed(tenancy, tenant_id, 2, "active", "paid")

    assert (stopped["suspended"], stopped["licence"]["status"]) == (True, "suspended")
    assert tenant_id in owing
    assert hooks == {f"{tenant_id}-mail": True, f"{tenant_id}-stripe": False}, "a payment can still be told"
    assert tenant_id not in await unlicensed(tenancy)
    assert view["suspended_because"] == "licence: suspended (payment_failed)"
    assert (paid["suspended"], paid["licence"]["limits"]) == (False, {"users": 3})


async def test_an_older_licence_that_comes_late_changes_nothing(
    tenancy: RunningService, tenant_id: str
) -> None:
    await licensed(tenancy, tenant_id, 5, "active", "paid")
    await say(tenancy, tenant_id, 4, "suspended", "payment_failed")
    last = await licensed(tenancy, tenant_id, 6, "grace", "payment_failed")

    assert (last["suspended"], last["licence"]["status"], last["version"]) == (False, "grace", 3)


async def test_a_payment_does_not_lift_what_those_who_run_the_fleet_suspended(
    tenancy: RunningService, tenant_id: str
) -> None:
    await tenancy.http.post(f"/api/v1/tenants/{tenant_id}/suspend", json={"because": "Missbrauch"})
    await licensed(tenancy, tenant_id, 1, "ended", "cancelled")
    assert tenant_id not in await unlicensed(tenancy), "nobody comes in whom they stopped, not even to pay"
    paid = await licensed(tenancy, tenant_id, 2, "active", "paid")

    assert paid["suspended"]


async def test_a_change_of_the_profile_leaves_the_licence_as_it_is(
    tenancy: RunningService, tenant_id: str
) -> None:
    await licensed(tenancy, tenant_id, 1, "suspended", "trial_over")
    document = {
        "name": "Müßig & Töchter", "mailbox": f"office@{tenant_id}.test", "display_name": "Müßig",
        "agent_email": f"agent@{tenant_id}.test", "texts": {"de": TEXTS, "en": TEXTS},
    }  # fmt: skip
    await tenancy.http.put(f"/api/v1/tenants/{tenant_id}", json=document)

    profile = (await tenancy.http.get(f"/internal/tenants/{tenant_id}/profile")).json()
    assert (profile["name"], profile["suspended"], profile["licence"]["version"]) == (
        "Müßig & Töchter",
        True,
        1,
    )


async def unlicensed(tenancy: RunningService) -> list[str]:
    """Whom the gateway lets in to pay, and for nothing else."""
    return (await tenancy.http.get("/internal/access")).json()["unlicensed"]


async def shut_hooks(tenancy: RunningService, tenant_id: str) -> dict[str, bool]:
    """A tenant's hooks, and whether they take nothing."""
    hooks = (await tenancy.http.get("/internal/hooks")).json()["hooks"]
    return {each["hook_id"]: each["suspended"] for each in hooks if each["tenant_id"] == tenant_id}


async def say(tenancy: RunningService, tenant_id: str, version: int, status: str, reason: str) -> None:
    licence = LicenceChanged.model_validate({
        "tenant_id": tenant_id, "version": version, "status": status, "plan": "team", "reason": reason,
        "limits": {"users": 3}, "valid_until": datetime(2027, 1, 1, tzinfo=UTC),
    })  # fmt: skip
    await tenancy.wire.say(licence, tenant_id=tenant_id)


async def licensed(
    tenancy: RunningService, tenant_id: str, version: int, status: str, reason: str
) -> dict[str, Any]:
    """The profile after a licence was taken."""
    known = len([each for each in tenancy.wire.all(TenantConfigured) if each.tenant_id == tenant_id])
    await say(tenancy, tenant_id, version, status, reason)
    await tenancy.wire.heard(
        TenantConfigured,
        lambda each: (
            each.tenant_id == tenant_id
            and len([one for one in tenancy.wire.all(TenantConfigured) if one.tenant_id == tenant_id]) > known
        ),
    )
    return (await tenancy.http.get(f"/internal/tenants/{tenant_id}/profile")).json()

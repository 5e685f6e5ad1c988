from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from pydantic import SecretStr

from chassis import Service
from chassis.keyring import KeyRing
from tenancy.adapters.directory import StoredDirectory
from tenancy.adapters.records import StoredTenant
from tenancy.adapters.sealing import KeyRingSeals
from tenancy.app import create_service
from tenancy.application.keep_credentials import KeepCredentials
from tenancy.application.keep_hooks import KeepHooks
from tenancy.application.ports import CannotOpen
from tenancy.application.reseal_secrets import ResealSecrets
from tenancy.entrypoints.timers import ResealAll
from testkit.service import RunningService, running

SECRET = "ein-sehr-geheimes-wort"


def anywhere(use: str, place: str) -> None:
    """Where a credential leads is not what this is about."""


WECLAPP = {"base_url": "https://muster.test/webapp/api/v2/", "token": "geheim"}


@pytest.fixture(scope="module")
async def tenancy(environment: dict[str, str]) -> AsyncIterator[RunningService]:
    async with running(create_service, environment) as service:
        yield service


@pytest.fixture
async def tenant_id(tenancy: RunningService) -> str:
    tenant_id = f"ring-{uuid4().hex[:10]}"
    words = {"signature": "S", "imprint": "I", "ai_notice": "N"}
    answer = await tenancy.http.put(
        f"/api/v1/tenants/{tenant_id}",
        json={
            "name": "Ring", "mailbox": "office@ring.test", "display_name": "Ring", "agent_email": "agent@ring.test",
            "texts": {"de": words, "en": words}, "credentials": {"weclapp": WECLAPP},
            "hooks": [{"hook_id": f"{tenant_id}-mime", "source": "mime", "secrets": [SECRET]}],
        },
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
    return tenant_id


def rings(service: Service) -> tuple[KeyRingSeals, KeyRingSeals]:
    """The ring with a new key in front, and the new key alone."""
    old = service.settings.master_key.get_secret_value()
    old = old if ":" in old else f"1:{old}"
    new = f"new:{b64encode(os.urandom(32)).decode()}"
    turned, alone = (KeyRing.from_secret(SecretStr(ring)) for ring in (f"{new},{old}", new))
    return KeyRingSeals(turned), KeyRingSeals(alone)


async def test_after_the_ring_was_turned_all_secrets_are_sealed_again_and_the_old_key_can_go(
    tenancy: RunningService, tenant_id: str
) -> None:
    units = tenancy.service.units
    turned, new_alone = rings(tenancy.service)
    reseal = ResealAll(units, StoredTenant, StoredDirectory, ResealSecrets(turned))

    assert await reseal.once() >= 1
    assert await reseal.once() == 0

    async with units.reading(tenant_id) as session:
        opened = await KeepCredentials(new_alone, anywhere).open(StoredTenant(session), tenant_id, "weclapp")
        rows = await StoredTenant(session).audit(tenant_id, 1)
    async with units.fleet() as session:
        registry = await KeepHooks(new_alone).registry(StoredDirectory(session))
    assert (opened.version, opened.values) == (1, WECLAPP)
    assert [hook.secrets for hook in registry.hooks if hook.tenant_id == tenant_id] == [(SECRET,)]
    assert (rows[0].actor, rows[0].action) == ("key rotation", "secrets.resealed")


async def test_a_secret_whose_key_is_lost_harms_no_other_and_can_be_set_anew(
    tenancy: RunningService, tenant_id: str
) -> None:
    units = tenancy.service.units
    _, stranger = rings(tenancy.service)

    resealed = await _reseal_with(stranger, tenancy, tenant_id)
    async with units.fleet() as session:
        registry = await KeepHooks(stranger).registry(StoredDirectory(session))
    async with units.begin(tenant_id) as transaction:
        records = StoredTenant(transaction.session)
        with pytest.raises(CannotOpen):
            await KeepCredentials(stranger, anywhere).open(records, tenant_id, "weclapp")
        await KeepCredentials(stranger, anywhere).set(records, tenant_id, "weclapp", WECLAPP, "test")
        opened = await KeepCredentials(stranger, anywhere).open(records, tenant_id, "weclapp")

    assert resealed == ("data key 1", "credential weclapp", f"hook {tenant_id}-mime")
    assert f"{tenant_id}-mime" in registry.closed
    assert (opened.version, opened.values) == (2, WECLAPP)


async def _reseal_with(seals: KeyRingSeals, tenancy: RunningService, tenant_id: str) -> tuple[str, ...]:
    async with tenancy.service.units.begin(tenant_id) as transaction:
        resealed = await ResealSecrets(seals)(StoredTenant(transaction.session), tenant_id)
    assert resealed.count == 0
    return resealed.broken

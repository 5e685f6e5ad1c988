"""What weclapp does to us, on the simulated one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue, SecretStr

from chassis.errors import NeedsTenant, NeverRetry, RetryLater
from contracts.envelope import new_id
from crm_sync.adapters.weclapp.adapter import WeclappCrm
from crm_sync.adapters.weclapp.client import WeclappClient
from crm_sync.domain.customer import Person
from crm_sync.domain.records import reply_entry
from testkit.sandbox import TO_THE_SANDBOX, Sandbox
from vendorkit import HostGates, Limits, VendorContractBroken, VendorRateLimited


@dataclass
class Office:
    """One company's weclapp."""

    crm: WeclappCrm
    tenant_id: str
    sandbox: Sandbox

    async def records(self, entity: str) -> list[dict[str, JsonValue]]:
        state = await self.sandbox.state("weclapp")
        tenant = state.get(self.tenant_id)
        return tenant.get(entity, []) if isinstance(tenant, dict) else []  # pyright: ignore[reportReturnType]


@pytest.fixture
async def office(sandbox: Sandbox) -> AsyncIterator[Office]:
    tenant_id = f"t{new_id()[-12:]}"
    base_url = sandbox.address("weclapp").format(tenant=tenant_id)
    client = WeclappClient(
        base_url, SecretStr("token"), gates=HostGates(4), limits=Limits(read=1, total=2), guard=TO_THE_SANDBOX
    )
    yield Office(WeclappCrm(client, country_code="43"), tenant_id, sandbox)
    await client.aclose()
    await sandbox.clear_faults()


def person(**changes: object) -> Person:
    values: dict[str, object] = {
        "reference": new_id(),
        "name": "Anna Grün",
        "emails": (f"{new_id()[-8:]}@example.org",),
    }
    return Person(**{**values, **changes})  # pyright: ignore[reportArgumentType]


async def test_too_many_requests_wait_as_long_as_weclapp_says(office: Office) -> None:
    await office.sandbox.fault("weclapp", "429", retry_after=7)
    with pytest.raises(VendorRateLimited) as failure:
        await office.crm.create(person())
    assert failure.value.retry_after == 7
    assert not getattr(failure.value, "ambiguous", False)


@pytest.mark.parametrize("kind", ["500", "hang", "cut", "malformed", "commit_then_cut"])
async def test_a_write_without_a_usable_answer_is_looked_up_before_it_is_repeated(
    office: Office, kind: str
) -> None:
    await office.sandbox.fault("weclapp", kind, method="POST")
    somebody = person()
    with pytest.raises(RetryLater) as failure:
        await office.crm.create(somebody)
    assert getattr(failure.value, "ambiguous", False)
    found = await office.crm.created_for(somebody.reference)
    assert (found is not None) == (kind == "commit_then_cut")


@pytest.mark.parametrize("kind", ["500", "hang", "cut"])
async def test_a_read_without_an_answer_is_tried_again(office: Office, kind: str) -> None:
    await office.sandbox.fault("weclapp", kind, method="GET")
    with pytest.raises(RetryLater):
        await office.crm.find(person())


async def test_an_answer_that_is_not_json_is_told_to_us(office: Office) -> None:
    await office.sandbox.fault("weclapp", "malformed", method="GET")
    with pytest.raises(VendorContractBroken):
        await office.crm.find(person())


async def test_a_token_that_is_no_longer_good_is_the_tenants_to_renew(office: Office) -> None:
    await office.sandbox.seed("weclapp", revoked_tokens=["token-alt"])
    base_url = office.sandbox.address("weclapp").format(tenant=office.tenant_id)
    client = WeclappClient(base_url, SecretStr("token-alt"), gates=HostGates(1), guard=TO_THE_SANDBOX)
    with pytest.raises(NeedsTenant) as failure:
        await WeclappCrm(client, country_code="43").find(person())
    assert failure.value.credential == "weclapp"
    await client.aclose()


async def test_a_request_that_weclapp_finds_wrong_is_never_repeated(office: Office) -> None:
    with pytest.raises(NeverRetry):
        await office.crm.log("4711", None, _entry())


async def test_a_change_keeps_what_we_do_not_know_of_a_record(office: Office) -> None:
    email = f"{new_id()[-8:]}@example.org"
    party: JsonValue = {
        "partyType": "PERSON",
        "lastName": "Grün",
        "customer": True,
        "email": email,
        "website": "https://gruen.test",
    }
    await office.sandbox.seed("weclapp", tenants={office.tenant_id: {"party": [party]}})
    found = await office.crm.find(person(emails=(email,)))
    assert found is not None
    await office.crm.complete(found.customer, person(emails=(email,), phones=("+436641234567",)))
    [record] = await office.records("party")
    assert record["website"] == "https://gruen.test"
    assert record["phone"] == "+436641234567"
    assert record["version"] == "2"


async def test_everything_changed_since_is_read_page_by_page(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_sync.adapters.weclapp.adapter.PAGE", 3)
    same_moment = 1_700_000_000_000
    parties: list[JsonValue] = [
        {
            "partyType": "PERSON",
            "lastName": f"P{n}",
            "customer": True,
            "lastModifiedDate": same_moment if n < 7 else same_moment + n,
        }
        for n in range(12)
    ]
    await office.sandbox.seed("weclapp", tenants={office.tenant_id: {"party": parties}})
    names = [customer.name async for page in office.crm.changed_since(None) for customer in page]
    assert sorted(set(names)) == sorted(f"P{n}" for n in range(12))


def _entry():

    return reply_entry(new_id(), 1, "de", channel="email", at=datetime.now(UTC))

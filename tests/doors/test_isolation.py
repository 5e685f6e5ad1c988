"""Two companies live in one house: each route of each service is walked with the other one's ids, each table without a filter."""

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from chassis.tables import FLEET_TABLES, OPERATORS_SCHEMAS
from frontdesk.play.enquiry import DRAFTING, SENDING
from frontdesk.stack import Stack
from frontdesk.story.letters import Attachment, direct_enquiry
from frontdesk.story.payslip import printed_payslip
from frontdesk.story.person import draw_story
from testkit.house import FurnishedHouse, furnished_house
from testkit.insiders import Insider, come_in
from testkit.people import CHEAP_HASHES

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

PLENTY = {f"GATEWAY_LIMIT_{whose}": "1000000/minute" for whose in ("USER", "TENANT", "KEY", "ADDRESS")}
COMPANIES = (SENDING, DRAFTING)
BOTH_WAYS = pytest.mark.parametrize(
    ("own", "other"), [COMPANIES, COMPANIES[::-1]], ids=["sending", "drafting"]
)
READS = {"get", "head"}
PUBLIC_OF_ONES_OWN = re.compile(r"/api/v1/auth/(?!sessions/|keys)")
"""What concerns the caller himself, by his token or by what he shows, and names nobody else."""
TENANT_TABLES = "select table_schema, table_name from information_schema.columns where column_name = 'tenant_id' and table_schema = any($1)"
DOCUMENTS: Mapping[str, dict[str, object]] = {
    "POST /api/v1/drafts/{lead_id}": {"verdict": "drop"},
    "PUT /api/v1/tenants/{tenant_id}": {"name": "Taken over"},
    "PUT /api/v1/tenants/{tenant_id}/credentials/{name}": {"base_url": "https://evil.test", "token": "t"},
    "POST /api/v1/tenants/{tenant_id}/suspend": {"because": "no reason"},
    "POST /api/v1/tenants/{tenant_id}/destroy-key": {"tenant_id": "", "because": "no reason"},
    "PUT /api/v1/fleet/staff/{staff_id}": {"email": "anna@evil.test"},
    "POST /api/v1/fleet/staff/{staff_id}/push-subscriptions": {
        "endpoint": "https://evil.test/push",
        "keys": {"p256dh": "A", "auth": "A"},
    },
    "PUT /api/v1/users/{user_id}/role": {"role": "agent"},
    "POST /api/v1/fleet/dead-letters/{service}/{letter_id}/mend": {"body": {}},
    "POST /api/v1/fleet/dead-letters/{service}/{letter_id}/drop": {"reason": "no reason"},
    "POST /api/v1/billing/fleet/companies/{tenant_id}/usage/{usage_id}/reverse": {"reason": "no reason"},
}
"""Bodies of writes that name something by their path; one that is new and wants a body must be entered here."""


@dataclass
class Possessions:
    """All that a company has in the database: values by the name of their column, and what its tables look like."""

    values: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])
    """Each with the number of rows that hold it."""
    rows: dict[str, str] = field(default_factory=dict[str, str])

    def told(self) -> set[str]:
        """Ids and addresses that nobody else may be told; short words are no proof of anything."""
        names = [name for name in self.values if name.endswith(("_id", "email", "reply_to", "fingerprint"))]
        return {value for name in names for value in self.values[name] if len(value) > 12}

    def candidates(self, parameter: str) -> list[str]:
        """What could stand for a parameter of a route."""
        if parameter == "reference":
            leads = [f"lead/{lead}" for lead in self.values["lead_id"]]
            return [*sorted(self.values["correlation_id"])[:2], *leads[:2]]
        known = {
            "name": {"smtp"},
            "version": {"1", "2"},
            "against": {"1", "2"},
            "email": self.values["value"],
            "q": self.values["name"],
        }
        if words := known.get(parameter):
            return sorted(words)[:5]
        # What most rows name first: a letter's id stands in many tables, that of a notice in one.
        found = self.values.get(parameter, Counter(["1"]))
        return sorted(found, key=lambda value: (-found[value], value))[:5]


@pytest.fixture(scope="module")
async def house(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FurnishedHouse]:
    """A house in which each company has had an enquiry with a document, and has people of each role."""
    async with furnished_house(stack, tmp_path_factory.mktemp("isolation"), PLENTY | CHEAP_HASHES) as house:
        await asyncio.gather(
            *(enquiry(house, tenant, 7100 + place) for place, tenant in enumerate(COMPANIES))
        )
        yield house


@pytest.fixture(scope="module")
async def insiders(house: FurnishedHouse) -> dict[tuple[str, str], Insider]:
    """People of each role, by company and role; each admin has made an API key."""
    people = {
        (tenant, role): await come_in(house, tenant, role)
        for tenant in COMPANIES
        for role in ("tenant_admin", "agent")
    }
    for tenant in COMPANIES:
        expires = (datetime.now(UTC) + timedelta(days=30)).isoformat()
        key = {"name": "a program", "scopes": ["leads:read"], "expires_at": expires}
        made = await house.http.post(
            "/api/v1/api-keys", json=key, headers=people[tenant, "tenant_admin"].headers
        )
        assert made.status_code == 201, made.text
        other = {"email": f"somebody@{tenant}.test", "role": "agent"}
        invited = await house.http.post(
            "/api/v1/users/invitations", json=other, headers={"X-Tenant-Id": tenant}
        )
        assert invited.status_code == 201, invited.text
    return people


async def enquiry(house: FurnishedHouse, tenant: str, seed: int) -> None:
    story = draw_story(seed, datetime.now(UTC).date())
    payslip = Attachment("Gehaltsabrechnung.pdf", printed_payslip(story))
    letter = direct_enquiry(
        story, to=house.text("mailbox", tenant), at=datetime.now(UTC), attachments=[payslip]
    )
    await house.world.deliver(letter)
    lead = await house.lead_of(story.email, tenant)
    await house.first("reply.drafted.v1", lead, tenant)
    await house.journal(tenant).first("document.filed.v1")
    await house.journal(tenant).first("message.sent.v1")


async def possessions(house: FurnishedHouse, tenant: str) -> Possessions:
    found = Possessions({"tenant_id": Counter([tenant])})
    owner = await asyncpg.connect(house.plan.shared["DATABASE_URL"])
    try:
        for schema, table in await tenant_tables(house, owner):
            rows = await owner.fetch(f'select * from "{schema}"."{table}" where tenant_id = $1', tenant)
            found.rows[f"{schema}.{table}"] = "\n".join(sorted(str(row) for row in rows))
            for name, value in itertools.chain.from_iterable(row.items() for row in rows):
                if isinstance(value, str) and (table != "journal" or name == "correlation_id"):
                    found.values.setdefault(name, Counter())[value] += 1
    finally:
        await owner.close()
    return found


async def tenant_tables(house: FurnishedHouse, owner: asyncpg.Connection) -> list[tuple[str, str]]:
    schemas = {service.schema for service in house.services.values()} - OPERATORS_SCHEMAS
    rows = await owner.fetch(TENANT_TABLES, sorted(schemas))
    tables = [(row["table_schema"], row["table_name"]) for row in rows]
    return sorted((schema, table) for schema, table in tables if table not in FLEET_TABLES)


async def operations(house: FurnishedHouse) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation of the API, from the gateway's own description."""
    document = (await house.http.get("/openapi.json")).json()
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if path.startswith("/api/") and "operationId" in operation
    ]


def ways(path: str, operation: dict[str, Any], theirs: Possessions) -> Iterator[tuple[str, dict[str, str]]]:
    """The addresses and queries by which an operation can be asked about somebody's possessions."""
    parameters = [one for one in operation.get("parameters", ()) if one["in"] in {"path", "query"}]
    places = [one["name"] for one in parameters if one["in"] == "path"]
    for chosen in itertools.product(*(theirs.candidates(place) for place in places)):
        address = path
        for place, value in zip(places, chosen, strict=True):
            address = address.replace("{" + place + "}", value)
        yield address, {}
        for query in (one["name"] for one in parameters if one["in"] == "query"):
            for value in theirs.candidates(query):
                yield address, {query: value}


@BOTH_WAYS
@pytest.mark.parametrize("role", ["tenant_admin", "agent"])
async def test_no_route_tells_or_does_anything_of_another_company(
    house: FurnishedHouse, insiders: dict[tuple[str, str], Insider], own: str, other: str, role: str
) -> None:
    mine, theirs = await possessions(house, own), await possessions(house, other)
    secrets = theirs.told() - mine.told() - {other}
    assert len(secrets) > 20
    stranger = insiders[own, role].headers
    walked = 0
    for path, method, operation in await operations(house):
        if PUBLIC_OF_ONES_OWN.match(path):
            continue
        body = DOCUMENTS.get(f"{method.upper()} {path}")
        assert body is not None or "requestBody" not in operation or "{" not in path, (
            f"no body for {method} {path}"
        )
        for address, query in ways(path, operation, theirs):
            if method not in READS and "{" not in path:
                continue  # it names nothing, and would only change the stranger's own company
            answer = await house.http.request(method, address, params=query, json=body, headers=stranger)
            walked += 1
            told = [secret for secret in secrets if secret in answer.text and secret not in address]
            assert (answer.status_code < 500, told) == (True, []), f"{method} {address} {query}"
            if "{" in path and answer.text not in NOTHING:
                assert answer.status_code in {403, 404, 409, 422}, (
                    f"{method} {address}: {answer.status_code} {answer.text[:900]}"
                )
    assert walked > 60
    changed = {
        name: rows
        for name, rows in (await possessions(house, other)).rows.items()
        if rows != theirs.rows[name]
    }
    watches = {"email_ingest.folders", "crm_sync.cursors"}
    assert changed.keys() <= watches, "what looks at a mailbox and a CRM goes on by itself, and nothing else"


@BOTH_WAYS
async def test_the_same_walk_finds_what_is_ones_own(
    house: FurnishedHouse, insiders: dict[tuple[str, str], Insider], own: str, other: str
) -> None:
    mine = await possessions(house, own)
    admin, found = insiders[own, "tenant_admin"].headers, dict[str, bool]()
    for path, method, operation in await operations(house):
        if method == "get" and not PUBLIC_OF_ONES_OWN.match(path) and not of_the_fleet(operation):
            for address, query in ways(path, operation, mine):
                answer = await house.http.get(address, params=query, headers=admin)
                seen = answer.status_code == 200 and answer.text not in NOTHING
                found[path] = found.get(path, False) or seen
    blind = {path for path, seen in found.items() if not seen}
    assert blind == {"/api/v1/billing/invoices", "/api/v1/billing/budgets"} | HAS_NOT[own]


def of_the_fleet(operation: dict[str, Any]) -> bool:
    """Whether an operation is for those who run the fleet alone: no company has anything there."""
    scopes = [scope for one in operation.get("security", ()) for scope in one.get("bearer", ())]
    return any(scope.startswith("fleet:") for scope in scopes)


NOTHING = {"[]", '{"drafts":[]}', '{"entries":[]}'}
HAS_NOT: Mapping[str, set[str]] = {
    SENDING: {
        "/api/v1/drafts",
        "/api/v1/customers/{customer_id}/tasks",
        "/api/v1/customers/{customer_id}/entries",
    },
    DRAFTING: set(),
}
"""The sending company has sent its draft, and a CRM of its own. Neither has been billed, nor set itself a budget."""


@BOTH_WAYS
async def test_another_company_cannot_be_chosen_by_header(
    house: FurnishedHouse, insiders: dict[tuple[str, str], Insider], own: str, other: str
) -> None:
    headers = {**insiders[own, "tenant_admin"].headers, "X-Tenant-Id": other}

    answer = await house.http.get("/api/v1/leads", headers=headers)

    assert answer.status_code == 403, answer.text


@BOTH_WAYS
async def test_without_any_filter_the_database_shows_and_changes_one_company_alone(
    house: FurnishedHouse, own: str, other: str
) -> None:
    owner = await asyncpg.connect(house.plan.shared["DATABASE_URL"])
    walked = 0
    try:
        tables = await tenant_tables(house, owner)
        filled = {
            (schema, table)
            for schema, table in tables
            if await owner.fetchval(
                f'select exists (select 1 from "{schema}"."{table}" where tenant_id = $1)', other
            )
        }
    finally:
        await owner.close()
    for service in house.services.values():
        role = await asyncpg.connect(
            service.settings.service_database_url(service.schema).replace("+asyncpg", "")
        )
        try:
            for table in (table for schema, table in tables if schema == service.schema):
                walked += (service.schema, table) in filled
                await bound_to(role, table, own, other)
        finally:
            await role.close()
    assert walked > 15, "tables in which the other company has rows"


async def bound_to(role: asyncpg.Connection, table: str, own: str, other: str) -> None:
    """A table through the service's own role, as a statement with a forgotten filter would see it."""
    assert await role.fetchval(f'select count(*) from "{table}"') == 0, (
        f"{table} shows rows to nobody in particular"
    )
    transaction = role.transaction()
    await transaction.start()
    try:
        await role.execute("select set_config('app.tenant_id', $1, true)", own)
        seen = {row["tenant_id"] for row in await role.fetch(f'select distinct tenant_id from "{table}"')}
        assert seen <= {own}, table
        for statement in (
            f'update "{table}" set tenant_id = tenant_id where tenant_id = $1',
            f'delete from "{table}" where tenant_id = $1',
        ):
            try:
                async with role.transaction():
                    done = await role.execute(statement, other)
            except asyncpg.PostgresError as error:
                done = str(error)
            # Journal and ledger refuse every change, whoever's.
            assert done.endswith(" 0") or "is only ever added to" in done, table
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            # The policy refuses a row of the other company before the database looks at what else it lacks.
            await role.execute(f'insert into "{table}" (tenant_id) values ($1)', other)
    finally:
        await transaction.rollback()

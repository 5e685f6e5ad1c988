"""The merged API is attacked with data that nobody expected, by somebody of each role: no bug shows, no status is undocumented.

`ATTACK_EXAMPLES=200 pytest tests/doors/test_attacked.py` attacks for longer.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from frontdesk.play.enquiry import SENDING
from frontdesk.stack import Stack
from tenancy.domain.permissions import FLEET, Role
from testkit.house import FurnishedHouse, furnished_house
from testkit.insiders import Insider, come_in
from testkit.people import CHEAP_HASHES

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

Operation = APIOperation[Any, Any, Any, Any]
EXAMPLES = int(os.environ.get("ATTACK_EXAMPLES", "4"))
PLENTY = {f"GATEWAY_LIMIT_{whose}": "1000000/minute" for whose in ("USER", "TENANT", "KEY", "ADDRESS")}
CHECKS: list[CheckFunction] = [not_a_server_error, status_code_conformance, content_type_conformance]
LAST = ("logout", "password", "sessions", "keys/turn", "destroy-key", "suspend", "/users/{user_id}")
"""Who is let in afterwards changes by these: they are attacked when all else was."""


@pytest.fixture(scope="module")
async def house(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FurnishedHouse]:
    async with furnished_house(stack, tmp_path_factory.mktemp("attacked"), PLENTY | CHEAP_HASHES) as house:
        yield house


@pytest.fixture(scope="module")
async def operations(house: FurnishedHouse) -> list[Operation]:
    """All operations of the merged description, the dangerous ones last."""
    document = (await house.http.get("/openapi.json")).json()
    schema = schemathesis.openapi.from_dict(document)
    found = [one.ok() for one in schema.get_all_operations()]
    return sorted(found, key=lambda one: any(word in one.path for word in LAST))


@pytest.fixture(scope="module")
async def attackers(house: FurnishedHouse) -> dict[Role, Insider]:
    """Somebody of each role, all in before the first attack: after it, log-ins from here are slowed down."""
    roles: list[tuple[str, Role]] = [(SENDING, "agent"), (SENDING, "tenant_admin"), (FLEET, "super_admin")]
    return {role: await come_in(house, tenant, role) for tenant, role in roles}


@pytest.mark.parametrize(
    "path",
    ["replies?lead_id=%00", "journal?correlation_id=%00", "journal?after=99999999999999999999"],
)
async def test_what_no_database_can_keep_is_refused_in_words(house: FurnishedHouse, path: str) -> None:
    answer = await house.http.get(f"/api/v1/{path}", headers={"X-Tenant-Id": SENDING})

    assert (answer.status_code, answer.json()["title"]) == (422, "Invalid request")


@pytest.mark.parametrize("role", ["agent", "tenant_admin", "super_admin"])
async def test_no_operation_fails_or_answers_what_it_does_not_say(
    house: FurnishedHouse, operations: list[Operation], attackers: dict[Role, Insider], role: Role
) -> None:
    let_in = Counter[str]()
    faults: list[str] = []
    for operation in operations:
        faults += await asyncio.to_thread(attacked, operation, house, attackers[role], let_in)

    assert faults == []
    assert let_in["attacks"] >= len(operations) * min(EXAMPLES, 2)
    assert let_in["let in"] > len(operations) / 2, "most attacks came through the door"


def attacked(
    operation: Operation, house: FurnishedHouse, attacker: Insider, let_in: Counter[str]
) -> list[str]:
    """What was wrong with the answers to one operation."""
    faults: list[str] = []
    headers = attacker.headers | ({"X-Tenant-Id": SENDING} if attacker.tenant_id == FLEET else {})

    @given(case=operation.as_strategy())
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def attack(case: schemathesis.Case) -> None:
        answer = case.call(
            base_url=str(house.http.base_url).rstrip("/"), headers=headers, allow_redirects=False
        )
        let_in["attacks"] += 1
        let_in["let in"] += answer.status_code != 401
        try:
            case.validate_response(answer, checks=CHECKS)
        except AssertionError as fault:
            faults.append(f"{operation.label}: {answer.status_code} {answer.text[:300]}: {fault}")

    attack()
    return faults[:2]

"""What the intake takes first when more comes in than one commit holds."""

import asyncio
from collections.abc import Sequence
from typing import cast

from chassis.broker import Broker
from chassis.database import Database
from chassis.intake import GROUP, Intake
from chassis.outbox import Outbox, OutboxRow
from chassis.relay import Relay
from contracts.tenants.v1 import TenantCreated


class Store:
    """Stands for outbox and relay: it stores at once, and remembers whose rows shared a commit."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []

    async def add_unknown(self, rows: Sequence[OutboxRow]) -> Sequence[OutboxRow]:
        self.commits.append([row.tenant_id for row in rows])
        return rows

    def submit(self, rows: Sequence[OutboxRow]) -> None:
        assert rows


async def test_one_companys_flood_does_not_stand_before_anothers_webhook() -> None:
    store = Store()
    intake = Intake(
        "gateway", cast(Database, None), cast(Outbox, store), cast(Relay, store), cast(Broker, None)
    )

    def come(tenant_id: str, number: int) -> asyncio.Task[str]:
        event = TenantCreated(tenant_id=tenant_id, name="Grün")
        return asyncio.create_task(intake.accept(tenant_id, event, f"{tenant_id}-{number}"))

    flood = [come("flooding", number) for number in range(5 * GROUP)]
    quiet = [come("quiet", 1), come("calm", 1)]
    answers = await asyncio.gather(*flood, *quiet)

    assert set(answers) == {"new"}
    assert {"quiet", "calm"} <= set(store.commits[0])
    assert [len(commit) for commit in store.commits].count(GROUP) == 5

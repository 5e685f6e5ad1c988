"""The ledger: postings in a second beside plain INSERTs of the same rows, and the comparison of 100,000 records of use with Stripe."""

from __future__ import annotations

from collections.abc import Sequence

from figures import Figure, beside
from ground import Ground, number

NAMES = ("ledger_postings", "ledger_reconciliation")
RECORDS = 100_000


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Record and insert by turns; reconcile beside the one statement that sums the same records."""
    figures: list[Figure] = []
    if "ledger_postings" in names:
        rounds = [
            await ground.run("ledger_postings", events=ground.size.events, begin=place)
            for place in range(ground.size.rounds)
        ]
        figures.append(
            beside(
                "ledger_postings", [number(each, "ledger") for each in rounds], "postings/s",
                [number(each, "bare") for each in rounds],
            )
        )  # fmt: skip
    if "ledger_reconciliation" in names:
        found = await ground.run("ledger_reconciliation", records=RECORDS)
        figures.append(
            beside("ledger_reconciliation", [number(found, "seconds")], "s", [number(found, "sum_seconds")])
        )
    return figures

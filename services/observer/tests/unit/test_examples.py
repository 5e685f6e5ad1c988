"""A finding about something slow names statements of the service's own role, and no others."""

from datetime import UTC, datetime

from chassis.settings import database_role, schema_of
from observer.application.find_examples import ExampleStatements
from observer.domain.bottlenecks import Track
from observer.domain.findings import FindingKind, Measurement
from observer.domain.fleet import DatabaseSeen, SlowStatement

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
SLOW = (
    SlowStatement("frontdesk_crm_sync", "select a", 2.0),
    SlowStatement("frontdesk_ocr", "select b", 9.0),
    SlowStatement("frontdesk_crm_sync", "update c", 3.0),
)
SEEN = DatabaseSeen((), 100, 0, 0, 0, 0, SLOW)


async def examples(kind: FindingKind, seen: DatabaseSeen | None = SEEN) -> list[str]:
    track = Track(kind, "crm-sync", "lead.created.v1", Measurement("m", (), "p95", "s"), ())
    found = await ExampleStatements(lambda: seen, lambda name: database_role(schema_of(name))).of(
        track, NOW, NOW
    )
    assert all(one.kind == "statement" for one in found)
    return [f"{one.text.en}: {one.reference}" for one in found]


async def test_a_slow_handler_is_shown_with_the_slow_statements_of_its_service() -> None:
    assert await examples("slow_handler") == [
        "A statement of crm-sync takes 3.0 s: update c",
        "A statement of crm-sync takes 2.0 s: select a",
    ]


async def test_no_statement_explains_memory_and_none_is_known_while_the_database_is_not_seen() -> None:
    assert await examples("memory_growth") == []
    assert await examples("slow_handler", None) == []

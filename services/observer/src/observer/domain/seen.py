"""What was seen as series: what no service tells of itself, because it is seen from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from observer.domain.fleet import DatabaseSeen, Look, QueueSeen, Replica
from observer.domain.measuring import DEAD_LETTERS, MEMORY, OUTBOX_AGE, PROBES
from observer.domain.series import Kind, Sample, Series

LARGE_TABLES = 40
"""Of how many tables, the largest, the dead rows are kept."""


def of_look(look: Look, replica: Replica) -> list[tuple[Series, Sample]]:
    """What is known of a replica from outside; of what older ones only say at `/health`, that too."""
    labels = {"service": look.address.service, "instance": look.address.instance}

    def gauge(name: str, value: float) -> tuple[Series, Sample]:
        return Series.of(name, labels), Sample(look.at, value)

    found = [gauge("frontdesk_replica_up", float(look.failing is None and look.health is not None))]
    if look.health is None:
        return found
    found.append(gauge(PROBES, look.seconds))
    if replica.skew_seconds is not None:
        found.append(gauge("frontdesk_clock_skew_seconds", replica.skew_seconds))
    told = {series.name for series, _ in look.samples}
    if not look.samples:
        return found
    if OUTBOX_AGE not in told and look.health.outbox_oldest_seconds is not None:
        found.append(gauge(OUTBOX_AGE, look.health.outbox_oldest_seconds))
    if DEAD_LETTERS not in told and look.health.dead_letters is not None:
        found.append(gauge(DEAD_LETTERS, look.health.dead_letters))
    if MEMORY not in told and look.health.memory_bytes is not None:
        process = look.health.process or look.address.instance
        found.append((Series.of(MEMORY, {"process": process}), Sample(look.at, look.health.memory_bytes)))
    return found


def of_queues(queues: Sequence[QueueSeen], at: datetime) -> list[tuple[Series, Sample]]:
    """Depth, consumers and rates of each queue of work."""
    return [sample for queue in queues if queue.is_work for sample in _of_queue(queue, at)]


def _of_queue(queue: QueueSeen, at: datetime) -> Iterator[tuple[Series, Sample]]:
    labels = {"service": queue.service, "queue": queue.name}
    for name, value in (
        ("ready", queue.ready),
        ("unacknowledged", queue.unacknowledged),
        ("consumers", queue.consumers),
        ("publish_rate", queue.publish_rate),
        ("deliver_rate", queue.deliver_rate),
    ):
        yield Series.of(f"frontdesk_queue_{name}", labels), Sample(at, float(value))


def of_database(database: DatabaseSeen, at: datetime) -> list[tuple[Series, Sample]]:
    """Connections by role, size, transactions, dead rows of the largest tables."""
    found: list[tuple[Series, Sample]] = []

    def take(name: str, value: float, kind: Kind = "gauge", **labels: str) -> None:
        found.append((Series.of(f"frontdesk_postgres_{name}", labels, kind), Sample(at, float(value))))

    for role, count in database.connections:
        take("connections", count, role=role)
    take("connections_percent", database.connections_percent)
    take("size_bytes", database.size_bytes)
    take("commits_total", database.commits, "counter")
    take("rollbacks_total", database.rollbacks, "counter")
    take("deadlocks_total", database.deadlocks, "counter")
    take("slow_statements", len(database.slow))
    largest = sorted(database.tables, key=lambda table: table.size_bytes, reverse=True)[:LARGE_TABLES]
    for table in largest:
        take("dead_rows", table.dead_rows, schema=table.schema, table=table.table)
        take("table_bytes", table.size_bytes, schema=table.schema, table=table.table)
    return found


def names_seen_from_outside() -> Mapping[str, str]:
    """The names of these series, each with what it is."""
    return {
        "frontdesk_replica_up": "Whether a replica answers.",
        PROBES: "Seconds that /health took.",
        "frontdesk_clock_skew_seconds": "By how much a replica's clock is ahead.",
        "frontdesk_queue_ready": "Messages that wait for a consumer.",
        "frontdesk_queue_unacknowledged": "Messages that are being handled.",
        "frontdesk_queue_consumers": "Consumers of a queue.",
        "frontdesk_queue_publish_rate": "Messages that come in, per second.",
        "frontdesk_queue_deliver_rate": "Messages that are handed out, per second.",
        "frontdesk_postgres_connections": "Connections of each role.",
        "frontdesk_postgres_connections_percent": "Connections in use, of those allowed.",
        "frontdesk_postgres_size_bytes": "The database's size.",
        "frontdesk_postgres_commits_total": "Transactions committed.",
        "frontdesk_postgres_rollbacks_total": "Transactions rolled back.",
        "frontdesk_postgres_deadlocks_total": "Deadlocks.",
        "frontdesk_postgres_slow_statements": "Statements that run for long.",
        "frontdesk_postgres_dead_rows": "Dead rows of a table.",
        "frontdesk_postgres_table_bytes": "A table's size.",
    }

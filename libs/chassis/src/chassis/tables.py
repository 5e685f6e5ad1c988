"""The fleet's own tables, one set in each service's schema.

They stand without row-level security and are reached by chassis code alone; every other table must have a policy
(`tests/architecture` checks it). `FLEET_TABLES` is the one list.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

FLEET_TABLES = frozenset(
    {
        "alembic_version",
        "inbox",
        "outbox",
        "dead_letters",
        "dead_letter_mends",
        "effects",
        "receipts",
        # which form these tables have: `chassis.fleet_migrations`
        "fleet_version",
        # tenancy's own: who exists, and which hooks there are, must be known before a tenant is
        "directory",
        "hooks",
        # tenancy's own: hooks are opened before a tenant is known; keys stand here wrapped by the key ring alone
        "data_keys",
        # … whose an e-mail address is, how often a log-in failed, what tokens are signed with and which ended
        "logins",
        "login_attempts",
        "signing_keys",
        "revocations",
        # watchers of sources run before any tenant is known
        "source_cursors",
    }
)

OPERATORS_SCHEMAS = frozenset({"observer"})
"""Schemas whose tables belong to those who run the fleet, and to no tenant: what is measured, advised, done at a desk.

They have no policy; instead whoever asks for anything of them must have a scope of the fleet (ADR 0022).
"""


@dataclass(frozen=True, slots=True)
class FleetTables:
    """The tables of delivery in one schema."""

    inbox: Table
    outbox: Table
    dead_letters: Table
    dead_letter_mends: Table
    effects: Table
    receipts: Table

    def all(self) -> list[Table]:
        """The tables, in the order in which they are made."""
        return [
            self.inbox, self.outbox, self.dead_letters, self.dead_letter_mends, self.effects, self.receipts,
        ]  # fmt: skip


@cache
def fleet_tables(schema: str | None) -> FleetTables:
    """The fleet's tables in a schema; `None` leaves the schema to the search path (migrations)."""
    metadata = MetaData(schema=schema)
    return FleetTables(
        _inbox(metadata), _outbox(metadata), _dead_letters(metadata), _dead_letter_mends(metadata),
        _effects(metadata), _receipts(metadata),
    )  # fmt: skip


def _moment(name: str, *, null: bool = False, now: bool = False) -> Column[object]:
    return Column(
        name, DateTime(timezone=True), nullable=null, server_default=func.clock_timestamp() if now else None
    )


def _inbox(metadata: MetaData) -> Table:
    return Table(
        "inbox",
        metadata,
        Column("noun", Text, nullable=False, comment="what was heard: the routing key without its version"),
        Column("message_id", Text, nullable=False),
        _moment("handled_at", now=True),
        PrimaryKeyConstraint("noun", "message_id"),
        Index(None, "handled_at"),
    )


def _outbox(metadata: MetaData) -> Table:
    outbox = Table(
        "outbox",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("message_id", Text, nullable=False),
        Column("routing_key", Text, nullable=False),
        Column("queue", Text, comment="the hearer's own queue, for retries and timers; else the exchange"),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("tenant_id", Text, nullable=False),
        Column("attempt", Integer, nullable=False, server_default=text("1")),
        _moment("publish_at"),
        _moment("leased_until", null=True),
        Column("timer_key", Text, comment="cancels the row while it waits"),
        Column("parked_for", Text, comment="the credential whose change releases the row"),
        _moment("created_at", now=True),
        Index("outbox_due", "publish_at"),
        Index("outbox_parked", "tenant_id", "parked_for", postgresql_where=text("parked_for is not null")),
    )
    Index("outbox_timer", outbox.c.tenant_id, outbox.c.timer_key, unique=True,
          postgresql_where=outbox.c.timer_key.isnot(None))  # fmt: skip
    return outbox


def _dead_letters(metadata: MetaData) -> Table:
    return Table(
        "dead_letters",
        metadata,
        Column("id", Text, primary_key=True),
        Column("message_id", Text, nullable=False),
        Column("routing_key", Text, nullable=False),
        Column("queue", Text, nullable=False),
        Column("tenant_id", Text),
        Column("correlation_id", Text),
        Column("headers", JSONB, nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("error_kind", Text, nullable=False),
        Column("error", Text, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("state", Text, nullable=False, server_default=text("'dead'")),
        Column("note", Text),
        _moment("died_at", now=True),
        _moment("settled_at", null=True),
        Column("settled_by", Text, comment="who replayed or dropped it"),
        Column("settled_in", Text, comment="the deed that settled it: one may settle many"),
        Index(None, "state", "died_at"),
        Index("dead_letters_place", "died_at", "id"),
        Index("dead_letters_settled_in", "settled_in", postgresql_where=text("settled_in is not null")),
    )


def _dead_letter_mends(metadata: MetaData) -> Table:
    return Table(
        "dead_letter_mends",
        metadata,
        Column("letter_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column(
            "body",
            LargeBinary,
            nullable=False,
            comment="in the place of the one before; the last one is sent",
        ),
        Column("mended_by", Text, nullable=False),
        Column("reason", Text),
        Column("forced", Boolean, nullable=False, comment="taken although it does not fit its class"),
        _moment("mended_at", now=True),
        PrimaryKeyConstraint("letter_id", "number"),
    )


def _effects(metadata: MetaData) -> Table:
    return Table(
        "effects",
        metadata,
        Column("tenant_id", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("state", Text, nullable=False, comment="claimed, done or uncertain"),
        Column("result", JSONB),
        _moment("leased_until"),
        _moment("claimed_at", now=True),
        PrimaryKeyConstraint("tenant_id", "key"),
    )


def _receipts(metadata: MetaData) -> Table:
    return Table(
        "receipts",
        metadata,
        Column("message_id", Text, primary_key=True),
        _moment("received_at", now=True),
        Index(None, "received_at"),
    )

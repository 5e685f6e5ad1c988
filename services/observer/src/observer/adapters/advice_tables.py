"""The tables of advice and reports: of the fleet's operators, without tenant and personal data (ADR 0022)."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Double, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

_METADATA = MetaData(schema="observer")


def _moment(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, DateTime(timezone=True), nullable=null)


ADVICE = Table(
    "advice", _METADATA,
    Column("advice_id", Text, primary_key=True),
    Column("service", Text, nullable=False),
    _moment("given_at"),
    Column("verdict", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("current", Integer, nullable=False),
    Column("replicas", Integer, nullable=False),
    Column("reason", JSONB, nullable=False),
    Column("message", Text),
    Column("p95_now", Double),
    Column("p95_predicted", Double),
    Column("low", Double),
    Column("high", Double),
    Column("inputs", JSONB(none_as_null=True)),
    Column("outcome", JSONB(none_as_null=True)),
)  # fmt: skip
REPORTS = Table(
    "reports", _METADATA,
    Column("report_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    _moment("since"),
    _moment("until"),
    _moment("made_at"),
    Column("title", JSONB, nullable=False),
    Column("summary", JSONB, nullable=False),
    Column("watched", Integer, nullable=False),
    Column("followed_up", JSONB, nullable=False),
)  # fmt: skip
FINDINGS = Table(
    "findings", _METADATA,
    Column("finding_id", Text, primary_key=True),
    Column("report_id", Text, nullable=False),
    Column("place", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("body", JSONB, nullable=False),
)  # fmt: skip

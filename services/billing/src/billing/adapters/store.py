"""The tables of billing; the queries stand beside: `ledger.py`, `companies.py`, `meters.py`, `budgets.py`.

`directory` and `drift` are written under the tenant `fleet`, which no company is: who is billed must be known before a company is.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Integer, Numeric, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import SchemaItem
from sqlmodel import SQLModel

SCHEMA = "billing"
_MOMENT = DateTime(timezone=True)


def _table(name: str, *columns: SchemaItem) -> Table:
    return Table(name, SQLModel.metadata, *columns, schema=SCHEMA)


def _key(*names: str) -> list[Column[str]]:
    return [Column(name, Text, primary_key=True) for name in ("tenant_id", *names)]


COMPANIES = _table(
    "companies", *_key(), Column("name", Text), Column("currency", Text), Column("created_at", _MOMENT),
    Column("trial_ends_at", _MOMENT), Column("customer_id", Text), Column("subscription", JSONB(none_as_null=True)),
    Column("fetched_at", _MOMENT), Column("licence_status", Text), Column("licence_reason", Text),
    Column("licence_plan", Text), Column("licence_until", _MOMENT), Column("licence_version", Integer),
)  # fmt: skip
"""A company as a customer: its subscription as Stripe has it, its licence."""

DIRECTORY = _table("directory", *_key("company_id"), Column("customer_id", Text))
"""Who is billed, and as which of Stripe's customers."""

USAGE = _table(
    "usage_records", *_key("usage_id"), Column("event_id", Text), Column("unit", Text), Column("quantity", BigInteger),
    Column("occurred_at", _MOMENT), Column("accounted_at", _MOMENT), Column("month", Text), Column("lead_id", Text),
    Column("message_id", Text), Column("document_id", Text), Column("model", Text), Column("currency", Text),
    Column("price", Numeric), Column("value", Numeric), Column("cost", Numeric), Column("cost_currency", Text),
    Column("billable", Boolean), Column("note", Text), Column("recorded_at", _MOMENT),
)  # fmt: skip
"""What was used; only ever added to."""

ENTRIES = _table(
    "entries", *_key("entry_id"), Column("at", _MOMENT), Column("reverses", Text), Column("reason", Text),
    Column("posted_at", _MOMENT),
)  # fmt: skip
"""The ledger's entries; only ever added to."""

POSTINGS = _table(
    "postings", *_key("entry_id"), Column("position", SmallInteger, primary_key=True), Column("account", Text),
    Column("currency", Text), Column("amount", Numeric),
)  # fmt: skip
"""The amounts of an entry; they sum to zero in each currency, or the database refuses the commit."""

TOTALS = _table(
    "usage_totals", *_key("month", "unit", "currency"), Column("quantity", BigInteger), Column("value", Numeric),
    Column("cost", Numeric),
)  # fmt: skip
"""Sums of `usage_records`, kept as they grow: a budget is looked at with each record."""

PERIOD_QUANTITIES = _table(
    "period_quantities", Column("tenant_id", Text, primary_key=True), Column("period_start", _MOMENT, primary_key=True),
    Column("unit", Text, primary_key=True), Column("quantity", BigInteger),
)  # fmt: skip
"""How much of a unit a period has so far, where its rate has tiers."""

LEAD_SUBJECTS = _table("lead_subjects", *_key("subject"), Column("lead_id", Text))
"""Which lead a message or a document belongs to, as far as it was told."""

METER_EVENTS = _table(
    "meter_events", *_key("usage_id"), Column("unit", Text), Column("quantity", BigInteger), Column("accounted_at", _MOMENT),
    Column("state", Text), Column("reported_at", _MOMENT), Column("sent_at", _MOMENT), Column("reason", Text),
)  # fmt: skip
"""What Stripe's meters are told: waiting, sent or refused. `reported_at` is the time that Stripe counts it by."""

INVOICES = _table(
    "invoices", *_key("invoice_id"), Column("number", Text), Column("status", Text), Column("currency", Text),
    Column("total", Numeric), Column("amount_due", Numeric), Column("amount_paid", Numeric), Column("created_at", _MOMENT),
    Column("document", JSONB), Column("fetched_at", _MOMENT), Column("dunned", Integer),
)  # fmt: skip

STRIPE_EVENTS = _table(
    "stripe_events", *_key("event_id"), Column("type", Text), Column("object_id", Text), Column("api_version", Text),
    Column("state", Text), Column("note", Text), Column("heard_at", _MOMENT),
)  # fmt: skip
"""Stripe's events by their ids alone: what was in them is fetched, not kept. Those of nobody we know stand under `fleet`."""

BUDGETS = _table(
    "budgets", *_key("measure"), Column("limit", Numeric), Column("currency", Text), Column("set_at", _MOMENT)
)

BUDGET_ALERTS = _table(
    "budget_alerts", *_key("measure", "month"), Column("level", Integer, primary_key=True), Column("spent", Numeric),
    Column("told_at", _MOMENT),
)  # fmt: skip
"""What was told, so that it is told once."""

DRIFT = _table(
    "drift", *_key("drift_id"), Column("company_id", Text), Column("kind", Text), Column("subject", Text),
    Column("sentence", Text), Column("mended", Boolean), Column("found_at", _MOMENT),
)  # fmt: skip
"""Where Stripe and the ledger differed, each in a sentence."""

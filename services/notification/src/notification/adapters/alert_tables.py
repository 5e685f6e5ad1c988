"""The tables of alerts and of the staff who are told; all rows belong to the fleet itself."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Boolean, Column, DateTime, Float, Integer, Table, Text, Time
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(name, SQLModel.metadata, *columns, schema="notification")


def _moment(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True))


STAFF = _table(
    "staff",
    Column("tenant_id", Text, primary_key=True), Column("staff_id", Text, primary_key=True), Column("email", Text),
    Column("language", Text), Column("time_zone", Text), Column("severities", JSONB), Column("quiet_from", Time),
    Column("quiet_until", Time), Column("mail", Boolean), Column("push", Boolean), _moment("since"),
)  # fmt: skip
SUBSCRIPTIONS = _table(
    "push_subscriptions",
    Column("tenant_id", Text, primary_key=True), Column("subscription_id", Text, primary_key=True),
    Column("staff_id", Text), Column("host", Text), Column("device", Text), Column("fingerprint", Text),
    Column("box", Text), _moment("created_at"),
)  # fmt: skip
VAPID_KEYS = _table(
    "vapid_keys", Column("tenant_id", Text, primary_key=True), Column("box", Text), _moment("created_at")
)  # fmt: skip
INCIDENTS = _table(
    "incidents",
    Column("tenant_id", Text, primary_key=True), Column("incident_id", Text, primary_key=True), Column("group", Text),
    _moment("opened_at"), _moment("closed_at"),
)  # fmt: skip
ALERTS = _table(
    "alerts",
    Column("tenant_id", Text, primary_key=True), Column("key", Text, primary_key=True), Column("incident_id", Text),
    Column("alert_id", Text), Column("update", Integer), Column("threshold", Text), Column("service", Text),
    Column("subject", Text), Column("metric", Text), Column("value", Float), Column("limit", Float),
    Column("unit", Text), Column("severity", Text), _moment("since"), Column("summary", JSONB), Column("group", Text),
    Column("others", Integer), Column("members", JSONB), _moment("said_at"), _moment("heard_at"),
    Column("recovery", JSONB(none_as_null=True)),
)  # fmt: skip
RECOVERIES = _table(
    "recoveries",
    Column("tenant_id", Text, primary_key=True), Column("group", Text, primary_key=True), _moment("said_at"),
    _moment("recovered_at"), _moment("heard_at"), Column("value", Float),
)  # fmt: skip
AWARENESS = _table(
    "awareness",
    Column("tenant_id", Text, primary_key=True), Column("incident_id", Text, primary_key=True),
    Column("staff_id", Text, primary_key=True), Column("told", JSONB), Column("all_clear", Boolean),
    Column("notices", Integer), _moment("last_at"), Column("subject", Text),
)  # fmt: skip
NOTICES = _table(
    "staff_notices",
    Column("tenant_id", Text, primary_key=True), Column("notice_id", Text, primary_key=True), Column("thread", Text),
    Column("staff_id", Text), Column("number", Integer), Column("kind", Text), Column("critical", Boolean),
    Column("subject", Text), Column("text", Text), Column("headline", Text), Column("line", Text),
    _moment("created_at"),
)  # fmt: skip
DELIVERIES = _table(
    "staff_deliveries",
    Column("tenant_id", Text, primary_key=True), Column("notice_id", Text, primary_key=True),
    Column("way", Text, primary_key=True), Column("state", Text), Column("reason", Text), _moment("at"),
)  # fmt: skip
WATCHES = _table(
    "watches",
    Column("tenant_id", Text, primary_key=True), Column("observer_id", Text, primary_key=True), _moment("kept_at"),
    _moment("heard_at"), _moment("lapses_at"),
)  # fmt: skip

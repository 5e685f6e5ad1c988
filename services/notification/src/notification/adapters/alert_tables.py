"""The tables of alerts and of the staff who are told; all rows belong to the fleet itself."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, DateTime, Float, Integer, MetaData, Table, Text, Time
from sqlalchemy.dialects.postgresql import JSONB

_METADATA = MetaData(schema="notification")


def _moment(name: str) -> Column[object]:
    return Column(name, DateTime(timezone=True))


STAFF = Table(
    "staff", _METADATA,
    Column("tenant_id", Text, primary_key=True), Column("staff_id", Text, primary_key=True), Column("email", Text),
    Column("language", Text), Column("time_zone", Text), Column("severities", JSONB), Column("quiet_from", Time),
    Column("quiet_until", Time), Column("mail", Boolean), Column("push", Boolean), _moment("since"),
)  # fmt: skip
SUBSCRIPTIONS = Table(
    "push_subscriptions", _METADATA,
    Column("tenant_id", Text, primary_key=True), Column("subscription_id", Text, primary_key=True),
    Column("staff_id", Text), Column("host", Text), Column("device", Text), Column("fingerprint", Text),
    Column("box", Text), _moment("created_at"),
)  # fmt: skip
VAPID_KEYS = Table(
    "vapid_keys", _METADATA, Column("tenant_id", Text, primary_key=True), Column("box", Text), _moment("created_at")
)  # fmt: skip
INCIDENTS = Table(
    "incidents", _METADATA,
    Column("tenant_id", Text, primary_key=True), Column("incident_id", Text, primary_key=True), Column("group", Text),
    _moment("opened_at"), _moment("closed_at"),
)  # fmt: skip
ALERTS = Table(
    "alerts", _METADATA,
    Column("tenant_id", Text, primary_key=True), Column("key", Text, primary_key=True), Column("incident_id", Text),
    Column("alert_id", Text), Column("update", Integer), Column("threshold", Text), Column("service", Text),
    Column("subject", Text), Column("metric", Text), Column("value", Float), Column("limit", Float),
    Column("unit", Text), Column("severity", Text), _moment("since"), Column("summary", JSONB), Column("group", Text),
    Column("others", Integer), Column("members", JSONB), _moment("said_at"), _moment("heard_at"),
    Column("recovery", JSONB(none_as_null=True)),
)  # fmt: skip
RECOVERIES = Table(
    "recoveries", _METADATA,
    Column("tenant_id", Text, primary_key=True), Column("group", Text, primary_key=True), _moment("said_at"),
    _moment("recovered_at"), _moment("heard_at"), Column("value", Float),
)  # fmt: skip
AWARENESS = Table(
    "awareness", _METADATA,
    Column("tenant_id", Text, primary_key=True), Column("incident_id", Text, primary_key=True),
    Column("staff_id", Text, primary_key=True), Column("told", JSONB), Column("all_clear", Boolean),
    Column("notices", Integer), _moment("last_at"), Column("subject", Text),
)  # fmt: skip
NOTICES = Table(
    "staff_notices", _METADATA,
    Column("tenant_id", Text, primary_key=True), Column("notice_id", Text, primary_key=True), Column("thread", Text),
    Column("staff_id", Text), Column("number", Integer), Column("kind", Text), Column("critical", Boolean),
    Column("subject", Text), Column("text", Text), Column("headline", Text), Column("line", Text),
    _moment("created_at"),
)  # fmt: skip
DELIVERIES = Table(
    "staff_deliveries", _METADATA,
    Column("tenant_id", Text, primary_key=True), Column("notice_id", Text, primary_key=True),
    Column("way", Text, primary_key=True), Column("state", Text), Column("reason", Text), _moment("at"),
)  # fmt: skip
WATCHES = Table(
    "watches", _METADATA,
    Column("tenant_id", Text, primary_key=True), Column("observer_id", Text, primary_key=True), _moment("kept_at"),
    _moment("heard_at"), _moment("lapses_at"),
)  # fmt: skip

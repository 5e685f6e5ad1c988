"""Alerts, who of the fleet's staff is told, by which ways, and what became of it; the watch over the Observer."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.migration import isolate_tenants

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TABLES = (
    "staff", "push_subscriptions", "vapid_keys", "incidents", "alerts", "recoveries", "awareness", "staff_notices",
    "staff_deliveries", "watches",
)  # fmt: skip


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant_id", sa.Text, nullable=False)


def _moment(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def _text(name: str, *, null: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null)


def upgrade() -> None:
    """Make the tables."""
    _people()
    _alerts()
    _notices()
    op.create_table(
        "watches",
        _tenant(), _text("observer_id"), _moment("kept_at"), _moment("heard_at"), _moment("lapses_at"),
        sa.PrimaryKeyConstraint("tenant_id", "observer_id"),
    )  # fmt: skip
    isolate_tenants(op, *_TABLES)


def _people() -> None:
    op.create_table(
        "staff",
        _tenant(), _text("staff_id"), _text("email"), _text("language"), _text("time_zone"),
        sa.Column("severities", JSONB, nullable=False),
        sa.Column("quiet_from", sa.Time, nullable=True), sa.Column("quiet_until", sa.Time, nullable=True),
        sa.Column("mail", sa.Boolean, nullable=False), sa.Column("push", sa.Boolean, nullable=False),
        _moment("since"),
        sa.PrimaryKeyConstraint("tenant_id", "staff_id"),
        sa.UniqueConstraint("tenant_id", "email"),
    )  # fmt: skip
    op.create_table(
        "push_subscriptions",
        _tenant(), _text("subscription_id"), _text("staff_id"), _text("host"), _text("device"), _text("fingerprint"),
        _text("box"), _moment("created_at"),
        sa.PrimaryKeyConstraint("tenant_id", "subscription_id"),
        sa.UniqueConstraint("tenant_id", "fingerprint"),
    )  # fmt: skip
    op.create_table(
        "vapid_keys", _tenant(), _text("box"), _moment("created_at"), sa.PrimaryKeyConstraint("tenant_id")
    )


def _alerts() -> None:
    op.create_table(
        "incidents",
        _tenant(), _text("incident_id"), _text("group"), _moment("opened_at"), _moment("closed_at", null=True),
        sa.PrimaryKeyConstraint("tenant_id", "incident_id"),
    )  # fmt: skip
    op.create_index(
        "incident_of_a_group", "incidents", ["tenant_id", "group"], unique=True,
        postgresql_where=sa.text("closed_at is null"),
    )  # fmt: skip
    op.create_table(
        "alerts",
        _tenant(), _text("key"), _text("incident_id"), _text("alert_id"),
        sa.Column("update", sa.Integer, nullable=False),
        _text("threshold"), _text("service", null=True), _text("subject", null=True), _text("metric"),
        sa.Column("value", sa.Float, nullable=False), sa.Column("limit", sa.Float, nullable=False),
        _text("unit"), _text("severity"), _moment("since"), sa.Column("summary", JSONB, nullable=False),
        _text("group"), sa.Column("others", sa.Integer, nullable=False), sa.Column("members", JSONB, nullable=False),
        _moment("said_at"), _moment("heard_at"), sa.Column("recovery", JSONB, nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "key"),
    )  # fmt: skip
    op.create_index("alerts_of_an_incident", "alerts", ["tenant_id", "incident_id"])
    op.create_table(
        "recoveries",
        _tenant(), _text("group"), _moment("said_at"), _moment("recovered_at"), _moment("heard_at"),
        sa.Column("value", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "group"),
    )  # fmt: skip
    op.create_table(
        "awareness",
        _tenant(), _text("incident_id"), _text("staff_id"), sa.Column("told", JSONB, nullable=False),
        sa.Column("all_clear", sa.Boolean, nullable=False), sa.Column("notices", sa.Integer, nullable=False),
        _moment("last_at"), _text("subject"),
        sa.PrimaryKeyConstraint("tenant_id", "incident_id", "staff_id"),
    )  # fmt: skip


def _notices() -> None:
    op.create_table(
        "staff_notices",
        _tenant(), _text("notice_id"), _text("thread"), _text("staff_id"),
        sa.Column("number", sa.Integer, nullable=False), _text("kind"),
        sa.Column("critical", sa.Boolean, nullable=False), _text("subject"), _text("text"), _text("headline"),
        _text("line"), _moment("created_at"),
        sa.PrimaryKeyConstraint("tenant_id", "notice_id"),
    )  # fmt: skip
    op.create_index("staff_notices_newest", "staff_notices", ["tenant_id", "created_at"])
    op.create_table(
        "staff_deliveries",
        _tenant(), _text("notice_id"), _text("way"), _text("state"), _text("reason", null=True), _moment("at"),
        sa.PrimaryKeyConstraint("tenant_id", "notice_id", "way"),
    )  # fmt: skip


def downgrade() -> None:
    """Drop the tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)

"""Leads, contact points, turns, letters, documents, what was sent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.migration import create_fleet_tables, drop_fleet_tables, isolate_tenants

revision = "0001"
down_revision = None

TABLES = ("leads", "contact_points", "moves", "turns", "letters", "documents", "sent")


def upgrade() -> None:
    create_fleet_tables(op)
    _leads()
    _letters()
    isolate_tenants(op, *TABLES)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    drop_fleet_tables(op)


def _moment(name: str, **options: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, **options)


def _leads() -> None:
    op.create_table(
        "leads",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("lead_id", sa.Text, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("reply_to", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("object_reference", sa.Text),
        sa.Column("object_title", sa.Text),
        sa.Column("portal", sa.Text),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("answered_turn", sa.Integer, nullable=False),
        _moment("created_at"),
        sa.Column("customer_id", sa.Text),
        sa.CheckConstraint(
            "state in ('NEW', 'CONTACTED', 'CONVERSATION', 'BOOKED', 'LOST')", name="lead_state"
        ),
    )
    op.create_index("leads_newest", "leads", ["tenant_id", "created_at"])
    op.create_table(
        "contact_points",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("lead_id", sa.Text, nullable=False),
    )
    op.create_index("contact_points_of_lead", "contact_points", ["tenant_id", "lead_id"])
    op.create_table(
        "moves",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("lead_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("old", sa.Text),
        sa.Column("new", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        _moment("moved_at", server_default=sa.func.clock_timestamp()),
    )
    op.create_table(
        "turns",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("lead_id", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        _moment("opened_at"),
        _moment("closes_at"),
        _moment("deadline"),
        sa.Column("draft", JSONB),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_index("turns_waiting", "turns", ["tenant_id", "state"])


def _letters() -> None:
    op.create_table(
        "letters",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("lead_id", sa.Text),
        sa.Column("turn", sa.Integer),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("references", JSONB, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        _moment("sent_at"),
        _moment("received_at"),
        sa.Column("authenticity", sa.Text, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        sa.Column("historic", sa.Boolean, nullable=False),
        sa.Column("problems", JSONB, nullable=False),
        sa.Column("document_ids", JSONB, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )
    op.create_index("letters_of_turn", "letters", ["tenant_id", "lead_id", "turn"])
    op.create_table(
        "documents",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("document_id", sa.Text, primary_key=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("blob", JSONB, nullable=False),
        sa.Column("category", sa.Text),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("fields", JSONB, nullable=False),
        sa.Column("unreadable", sa.Text),
        sa.Column("asked_to_file", sa.Boolean, nullable=False),
        sa.Column("filed_path", sa.Text),
    )
    op.create_index("documents_of_letter", "documents", ["tenant_id", "message_id"])
    op.create_table(
        "sent",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("external_id", sa.Text, primary_key=True),
        sa.Column("lead_id", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("automatic", sa.Boolean, nullable=False),
        _moment("sent_at"),
    )
    op.create_index("sent_when", "sent", ["tenant_id", "sent_at"])

"""The record of outgoing mail, and what was told to the agents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.migration import create_fleet_tables, drop_fleet_tables, isolate_tenants

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    create_fleet_tables(op)
    op.create_table(
        "outgoing",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("lead_id", sa.Text, nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("recipients", JSONB, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("counted", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("raw", JSONB),
        sa.Column("held", JSONB),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("handed_over_at", sa.DateTime(timezone=True)),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("tenant_id", "key"),
    )
    op.create_index("outgoing_of_a_lead", "outgoing", ["tenant_id", "lead_id", "created_at"])
    op.create_index(
        "outgoing_of_the_hour",
        "outgoing",
        ["tenant_id", "handed_over_at"],
        postgresql_where=sa.text("counted"),
    )
    op.create_index(
        "outgoing_held", "outgoing", ["tenant_id", "created_at"], postgresql_where=sa.text("state = 'held'")
    )
    op.create_table(
        "told",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("tenant_id", "key"),
    )
    isolate_tenants(op, "outgoing", "told")


def downgrade() -> None:
    """Drop the tables."""
    op.drop_table("told")
    op.drop_table("outgoing")
    drop_fleet_tables(op)

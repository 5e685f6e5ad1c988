"""Drafted replies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.migration import create_fleet_tables, drop_fleet_tables, isolate_tenants

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_fleet_tables(op)
    op.create_table(
        "drafts",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("lead_id", sa.Text, primary_key=True),
        sa.Column("turn", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("intent", sa.Text, nullable=False),
        sa.Column("sentiment", sa.Text, nullable=False),
        sa.Column("confidence", sa.Double, nullable=False),
        sa.Column("entities", JSONB, nullable=False),
        sa.Column("facts_used", JSONB, nullable=False),
        sa.Column("model", sa.Text, nullable=False),
        sa.Column("offline", sa.Boolean, nullable=False),
        sa.Column("cost", sa.Numeric),
        sa.Column("currency", sa.Text),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("observations", JSONB, nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
    )
    isolate_tenants(op, "drafts")


def downgrade() -> None:
    op.drop_table("drafts")
    drop_fleet_tables(op)

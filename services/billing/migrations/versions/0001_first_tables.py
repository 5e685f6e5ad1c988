"""Notes."""

import sqlalchemy as sa
from alembic import op

from chassis.migration import create_fleet_tables, drop_fleet_tables, isolate_tenants

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_fleet_tables(op)
    op.create_table(
        "notes",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
    )
    isolate_tenants(op, "notes")


def downgrade() -> None:
    op.drop_table("notes")
    drop_fleet_tables(op)

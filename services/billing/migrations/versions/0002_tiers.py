"""How much of a unit a period has so far: with graduated tiers the price of the next depends on it."""

import sqlalchemy as sa
from alembic import op

from chassis.migration import isolate_tenants

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "period_quantities",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("period_start", sa.DateTime(timezone=True), primary_key=True),
        sa.Column("unit", sa.Text, primary_key=True),
        sa.Column("quantity", sa.BigInteger, nullable=False),
    )
    isolate_tenants(op, "period_quantities")


def downgrade() -> None:
    op.drop_table("period_quantities")

"""The fleet's tables: accepted webhooks wait in the outbox, receipts know what came before."""

from alembic import op

from chassis.migration import create_fleet_tables, drop_fleet_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_fleet_tables(op)


def downgrade() -> None:
    drop_fleet_tables(op)

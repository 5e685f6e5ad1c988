"""The fleet's own tables."""

from alembic import op

from chassis.migration import create_fleet_tables, drop_fleet_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_fleet_tables(op)


def downgrade() -> None:
    drop_fleet_tables(op)

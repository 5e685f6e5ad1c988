"""Letters that were taken in, and how far each folder of a mailbox was."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.migration import create_fleet_tables, drop_fleet_tables, isolate_tenants

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_fleet_tables(op)
    op.create_table(
        "letters",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("message", JSONB, nullable=False),
        sa.Column("documents", JSONB, nullable=False),
        sa.UniqueConstraint("tenant_id", "fingerprint", name="letters_known_by"),
    )
    op.create_index("letters_newest", "letters", ["tenant_id", "received_at", "message_id"])
    isolate_tenants(op, "letters")
    # One of the fleet's own tables: a watch begins before any of a tenant's rows is touched.
    op.create_table(
        "source_cursors",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("mailbox", sa.Text, primary_key=True),
        sa.Column("folder", sa.Text, primary_key=True),
        sa.Column("uidvalidity", sa.BigInteger, nullable=False),
        sa.Column("last_uid", sa.BigInteger, nullable=False),
        sa.Column("connected_at", sa.DateTime(timezone=True), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("source_cursors")
    op.drop_table("letters")
    drop_fleet_tables(op)

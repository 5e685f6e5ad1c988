"""The journal: only ever added to."""

import sqlalchemy as sa
from alembic import op

from chassis.migration import create_fleet_tables, drop_fleet_tables, isolate_tenants

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_fleet_tables(op)
    op.create_table(
        "journal",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("type", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("causation_id", sa.Text),
        sa.Column("traceparent", sa.Text),
        sa.Column("sequence", sa.BigInteger),
        # json, not jsonb: it keeps the body as it was, an escaped NUL included
        sa.Column("body", sa.JSON, nullable=False),
    )
    op.create_index("journal_story", "journal", ["tenant_id", "correlation_id"])
    op.create_index("journal_subject", "journal", ["tenant_id", "subject"])
    op.create_index("journal_position", "journal", ["tenant_id", "position"])
    isolate_tenants(op, "journal")
    op.execute(
        "create function journal_is_append_only() returns trigger language plpgsql as $$ "
        "begin raise exception 'the journal is only ever added to'; end $$"
    )
    op.execute(
        "create trigger append_only before update or delete or truncate on journal "
        "for each statement execute function journal_is_append_only()"
    )


def downgrade() -> None:
    op.drop_table("journal")
    op.execute("drop function journal_is_append_only()")
    drop_fleet_tables(op)

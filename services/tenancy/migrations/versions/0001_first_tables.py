"""Tenants, their sealed credentials and audit; the fleet's directory and hooks."""

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
        "directory",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("hooks_version", sa.BigInteger, nullable=False, server_default=sa.text("0")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "hooks",
        sa.Column("hook_id", sa.Text, primary_key=True),
        sa.Column("tenant_id", sa.Text, nullable=False, index=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("verifier", sa.Text, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("box", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    _create_tenant_tables()
    isolate_tenants(op, "tenants", "credentials", "audit")


def _create_tenant_tables() -> None:
    op.create_table(
        "tenants",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("mailbox", sa.Text, nullable=False),
        sa.Column("display_name", sa.Text, nullable=False),
        sa.Column("agent_email", sa.Text, nullable=False),
        sa.Column("texts", JSONB, nullable=False),
        sa.Column("time_zone", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("autonomy", sa.Text, nullable=False),
        sa.Column("rules", JSONB, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("burst_window_seconds", sa.Float, nullable=False),
        sa.Column("replies_per_contact_per_day", sa.Integer, nullable=False),
        sa.Column("replies_per_hour", sa.Integer, nullable=False),
        sa.Column("crm", sa.Text, nullable=False),
        sa.Column("file_store", sa.Text, nullable=False),
        sa.Column("folder_template", sa.Text, nullable=False),
        sa.Column("filename_template", sa.Text, nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "credentials",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("box", sa.Text),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", JSONB, nullable=False),
    )


def downgrade() -> None:
    for table in ("audit", "credentials", "tenants", "hooks", "directory"):
        op.drop_table(table)
    drop_fleet_tables(op)

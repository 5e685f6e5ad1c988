"""Contents by their hash, and the documents they came as."""

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
        "contents",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("sha256", sa.Text, primary_key=True),
        sa.Column("reason", sa.Text),
        sa.Column("detail", sa.Text),
        sa.Column("text_blob", JSONB),
        sa.Column("pages", sa.Integer),
        sa.Column("method", sa.Text),
        sa.Column("media_type", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("summary", sa.Text),
        sa.Column("confidence", sa.Float),
        sa.Column("fields", JSONB),
        sa.Column("model", sa.Text),
        sa.Column("offline", sa.Boolean),
        sa.Column("cost_amount", sa.Numeric),
        sa.Column("cost_currency", sa.Text),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "documents",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("document_id", sa.Text, primary_key=True),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("blob", JSONB, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("documents_of_message", "documents", ["tenant_id", "message_id"])
    isolate_tenants(op, "contents", "documents")


def downgrade() -> None:
    op.drop_table("documents")
    op.drop_table("contents")
    drop_fleet_tables(op)

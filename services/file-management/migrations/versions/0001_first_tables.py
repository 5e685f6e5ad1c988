"""What is filed where."""

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
        "files",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("document_id", sa.Text, primary_key=True),
        sa.Column("lead_id", sa.Text, nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("object_reference", sa.Text),
        sa.Column("filename", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("received_on", sa.Date, nullable=False),
        sa.Column("blob", JSONB, nullable=False),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_index("files_of_lead", "files", ["tenant_id", "lead_id"])
    op.create_index("files_of_external_id", "files", ["tenant_id", "external_id"])
    isolate_tenants(op, "files")


def downgrade() -> None:
    op.drop_table("files")
    drop_fleet_tables(op)

"""The copy of the CRM's customers, the leads' links, what waits for a link, and the built-in CRM."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.migration import create_fleet_tables, drop_fleet_tables, isolate_tenants

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = (
    "customers",
    "customer_keys",
    "cursors",
    "links",
    "waiting_activities",
    "builtin_customers",
    "builtin_tasks",
    "builtin_entries",
)


def upgrade() -> None:
    """Make the tables."""
    create_fleet_tables(op)
    _copy()
    _links()
    _builtin()
    isolate_tenants(op, *_TABLES)


def downgrade() -> None:
    """Drop the tables."""
    for table in reversed(_TABLES):
        op.drop_table(table)
    drop_fleet_tables(op)


def _copy() -> None:
    op.create_table(
        "customers",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("is_customer", sa.Boolean, nullable=False),
        sa.Column("parent_id", sa.Text),
        sa.Column("emails", JSONB, nullable=False),
        sa.Column("phones", JSONB, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        _moment("modified_at"),
        sa.PrimaryKeyConstraint("tenant_id", "vendor", "customer_id"),
    )
    op.create_table(
        "customer_keys",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False, comment="email, phone or word"),
        # Collation "C", so that an index range answers "begins with".
        sa.Column("value", sa.Text(collation="C"), nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "kind", "value", "vendor", "customer_id"),
    )
    op.create_index("customer_keys_of", "customer_keys", ["tenant_id", "vendor", "customer_id"])
    op.create_table(
        "cursors",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("modified_until", sa.DateTime(timezone=True)),
        _moment("leased_until"),
        _moment("due_at"),
        sa.PrimaryKeyConstraint("tenant_id", "vendor"),
    )


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("lead_id", sa.Text, nullable=False),
        sa.Column("vendor", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("contact_id", sa.Text),
        _moment("linked_at"),
        sa.PrimaryKeyConstraint("tenant_id", "lead_id"),
    )
    op.create_table(
        "waiting_activities",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("lead_id", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("activity", JSONB, nullable=False),
        _moment("since"),
        sa.PrimaryKeyConstraint("tenant_id", "lead_id", "key"),
    )


def _builtin() -> None:
    op.create_table(
        "builtin_customers",
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Text),
        sa.Column("emails", JSONB, nullable=False),
        sa.Column("phones", JSONB, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("modified_at"),
        sa.PrimaryKeyConstraint("tenant_id", "customer_id"),
        sa.UniqueConstraint("tenant_id", "number"),
        sa.UniqueConstraint("tenant_id", "reference"),
    )
    for name in ("builtin_tasks", "builtin_entries"):
        op.create_table(
            name,
            sa.Column("tenant_id", sa.Text, nullable=False),
            sa.Column("id", sa.Text, nullable=False),
            sa.Column("reference", sa.Text, nullable=False),
            sa.Column("customer_id", sa.Text, nullable=False),
            sa.Column("subject", sa.Text, nullable=False),
            sa.Column("text", sa.Text, nullable=False),
            _moment("at"),
            sa.PrimaryKeyConstraint("tenant_id", "id"),
            sa.UniqueConstraint("tenant_id", "reference"),
        )
        op.create_index(f"{name}_of", name, ["tenant_id", "customer_id", "at"])


def _moment(name: str) -> sa.Column[sa.DateTime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())

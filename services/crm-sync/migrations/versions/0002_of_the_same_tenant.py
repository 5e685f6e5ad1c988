"""What refers to a customer refers to one of the same tenant, by the database's own word."""

from alembic import op

from chassis.migration import bind_to

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind_to(op, "customer_keys", "customers", "vendor", "customer_id")
    bind_to(op, "builtin_tasks", "builtin_customers", "customer_id")
    bind_to(op, "builtin_entries", "builtin_customers", "customer_id")


def downgrade() -> None:
    op.drop_constraint("customer_keys_tenant_id_vendor_customer_id_fkey", "customer_keys", type_="foreignkey")
    for table in ("builtin_tasks", "builtin_entries"):
        op.drop_constraint(f"{table}_tenant_id_customer_id_fkey", table, type_="foreignkey")

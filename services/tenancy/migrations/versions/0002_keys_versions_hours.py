"""A data key per tenant, every version of a tenant's document, business hours, suspension; keys that carry the tenant."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from chassis.migration import isolate_tenants

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_SEALED = ("credentials", "hooks")
_OF_A_TENANT = ("tenants", "credentials", "hooks", "data_keys", "tenant_versions")


def upgrade() -> None:
    op.add_column("tenants", sa.Column("hours", JSONB))
    op.add_column("tenants", sa.Column("suspended", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("tenants", sa.Column("suspended_because", sa.Text, nullable=False, server_default=""))
    op.add_column("directory", sa.Column("suspended", sa.Boolean, nullable=False, server_default=sa.false()))
    _create_data_keys()
    _create_versions()
    isolate_tenants(op, "tenant_versions")
    for table in _OF_A_TENANT:
        op.create_foreign_key(f"{table}_of_a_tenant", table, "directory", ["tenant_id"], ["tenant_id"])
    op.create_foreign_key(
        "tenants_version_is_kept", "tenants", "tenant_versions",
        ["tenant_id", "version"], ["tenant_id", "version"],
    )  # fmt: skip


def _create_data_keys() -> None:
    op.create_table(
        "data_keys",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("wrapped", sa.Text, comment="under the key ring; null when the key was destroyed"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("destroyed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("(wrapped is null) = (destroyed_at is not null)", name="data_keys_destroyed"),
    )
    for table in _SEALED:
        # The box says its key; the column is read out of it, so that the two cannot differ.
        op.execute(
            f'alter table "{table}" add column key_version integer generated always as '
            "(case when box like 'f2.%' then split_part(box, '.', 2)::integer end) stored"
        )
        op.create_foreign_key(
            f"{table}_key", table, "data_keys", ["tenant_id", "key_version"], ["tenant_id", "version"]
        )


def _create_versions() -> None:
    op.create_table(
        "tenant_versions",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("document", JSONB, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    # What is there already becomes a kept version: the owner must see all tenants for this one statement.
    op.execute("alter table tenants no force row level security")
    op.execute(
        "insert into tenant_versions (tenant_id, version, document, actor, at) "
        "select tenant_id, version, to_jsonb(tenants) - 'changed_at', 'migration 0002', changed_at from tenants"
    )
    op.execute("alter table tenants force row level security")


def downgrade() -> None:
    """Boxes under data keys do not open any more afterwards: their keys go."""
    op.drop_constraint("tenants_version_is_kept", "tenants")
    for table in _OF_A_TENANT:
        op.drop_constraint(f"{table}_of_a_tenant", table)
    for table in _SEALED:
        op.drop_constraint(f"{table}_key", table)
        op.drop_column(table, "key_version")
    op.drop_table("tenant_versions")
    op.drop_table("data_keys")
    op.drop_column("directory", "suspended")
    for name in ("suspended_because", "suspended", "hours"):
        op.drop_column("tenants", name)

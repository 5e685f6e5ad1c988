"""Who suspended a company, in the directory too: the gateway lets those in to pay whom only their licence stops."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("directory", sa.Column("suspended_by", sa.Text, nullable=False, server_default=""))
    # Who is suspended already keeps his reason: the owner must see all tenants for this one statement.
    op.execute("alter table tenants no force row level security")
    op.execute(
        "update directory set suspended_by = tenants.suspended_by from tenants where tenants.tenant_id = directory.tenant_id"
    )
    op.execute("alter table tenants force row level security")


def downgrade() -> None:
    op.drop_column("directory", "suspended_by")

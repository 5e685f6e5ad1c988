"""What a company may, by billing; and who suspended it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tenants", sa.Column("suspended_by", sa.Text, nullable=False, server_default=""))
    op.add_column("tenants", sa.Column("licence", JSONB))


def downgrade() -> None:
    op.drop_column("tenants", "licence")
    op.drop_column("tenants", "suspended_by")

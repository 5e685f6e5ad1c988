"""A portal's enquiry that the portal sends again, under a new Message-ID, is known."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("letters", sa.Column("enquiry_key", sa.Text))
    op.create_index("letters_enquiry", "letters", ["tenant_id", "enquiry_key"], unique=True)


def downgrade() -> None:
    op.drop_index("letters_enquiry", "letters")
    op.drop_column("letters", "enquiry_key")

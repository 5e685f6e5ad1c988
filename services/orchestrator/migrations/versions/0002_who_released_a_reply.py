"""Who released a reply; letters are found by their thread, leads with one time are told apart."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("turns", sa.Column("released_by", sa.Text))
    # The tables' policies bind their owner too; for one statement he must see every tenant's turns.
    op.execute("alter table turns no force row level security")
    op.execute(
        "update turns set released_by = substring(reason from 'released by (.*)') where reason like 'released by %'"
    )
    op.execute("alter table turns force row level security")
    op.create_index("letters_external", "letters", ["tenant_id", "external_id"])
    op.drop_index("leads_newest", "leads")
    op.create_index("leads_newest", "leads", ["tenant_id", "created_at", "lead_id"])


def downgrade() -> None:
    op.drop_index("leads_newest", "leads")
    op.create_index("leads_newest", "leads", ["tenant_id", "created_at"])
    op.drop_index("letters_external", "letters")
    op.drop_column("turns", "released_by")

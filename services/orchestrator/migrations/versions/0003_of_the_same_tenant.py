"""Contact points, moves, turns and letters belong to a lead of the same tenant, by the database's own word."""

from alembic import op

from chassis.migration import bind_to

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CHILDREN = ("contact_points", "moves", "turns", "letters", "sent")


def upgrade() -> None:
    for table in CHILDREN:
        bind_to(op, table, "leads", "lead_id")


def downgrade() -> None:
    for table in CHILDREN:
        op.drop_constraint(f"{table}_tenant_id_lead_id_fkey", table, type_="foreignkey")

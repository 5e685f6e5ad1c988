"""What was done at the dead letters' desk, and by whom; the jobs that settle many letters."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"


def _moment(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def upgrade() -> None:
    op.create_table(
        "desk_audit",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("service", sa.Text),
        sa.Column("letters", JSONB, nullable=False),
        sa.Column("filter", JSONB),
        sa.Column("reason", sa.Text),
        sa.Column("rate", sa.Float),
        _moment("began_at"),
        _moment("ended_at", null=True),
        sa.Column("result", JSONB),
    )
    op.create_index("desk_audit_letters", "desk_audit", ["letters"], postgresql_using="gin")
    op.execute(
        "create function desk_audit_is_kept() returns trigger language plpgsql as $$ begin "
        "if tg_op = 'UPDATE' and old.ended_at is null and (to_jsonb(new) - 'ended_at' - 'result') = "
        "(to_jsonb(old) - 'ended_at' - 'result') then return new; end if; "
        "raise exception 'the audit of the desk is only ever added to'; end $$"
    )
    op.execute(
        "create trigger kept before update or delete on desk_audit "
        "for each row execute function desk_audit_is_kept()"
    )
    op.execute(
        "create trigger not_emptied before truncate on desk_audit "
        "for each statement execute function desk_audit_is_kept()"
    )
    op.create_table(
        "desk_jobs",
        sa.Column("id", sa.Text, primary_key=True, comment="the deed's"),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("orders", JSONB, nullable=False, comment="what each service is asked for"),
        sa.Column("parts", JSONB, nullable=False, comment="how far each service has come"),
        sa.Column("rate", sa.Float),
        sa.Column("reason", sa.Text),
        sa.Column("cancelled_by", sa.Text),
        _moment("next_at"),
        _moment("began_at"),
        _moment("ended_at", null=True),
        _moment("leased_until", null=True),
        _moment("due_at"),
    )
    op.create_index("desk_jobs_open", "desk_jobs", ["id"], postgresql_where=sa.text("ended_at is null"))


def downgrade() -> None:
    op.drop_table("desk_jobs")
    op.drop_table("desk_audit")
    op.execute("drop function desk_audit_is_kept()")

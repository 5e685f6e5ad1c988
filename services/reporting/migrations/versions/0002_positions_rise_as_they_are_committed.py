"""A tenant's positions rise in the order in which they can be seen, so that a reader who goes on after one skips none."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    # The position is drawn after this trigger, the lock given back after the commit can be seen: whoever draws a
    # higher position has waited for the lower ones. Per tenant, since a reader's cursor is of one tenant.
    op.execute(
        "create function journal_takes_turns() returns trigger language plpgsql as $$ begin "
        "perform pg_advisory_xact_lock(hashtext('reporting.journal'), "
        "hashtext(coalesce(current_setting('app.tenant_id', true), ''))); return null; end $$"
    )
    op.execute(
        "create trigger takes_turns before insert on journal "
        "for each statement execute function journal_takes_turns()"
    )


def downgrade() -> None:
    op.execute("drop trigger takes_turns on journal")
    op.execute("drop function journal_takes_turns()")

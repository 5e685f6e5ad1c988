"""Who settled a dead letter, in which deed, and every body that it was given: the first one is never lost again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("dead_letters", sa.Column("settled_by", sa.Text))
    op.add_column(
        "dead_letters",
        sa.Column("settled_in", sa.Text),
    )
    op.create_index("dead_letters_place", "dead_letters", ["died_at", "id"])
    op.create_index(
        "dead_letters_settled_in", "dead_letters", ["settled_in"],
        postgresql_where=sa.text("settled_in is not null"),
    )  # fmt: skip
    op.create_table(
        "dead_letter_mends",
        sa.Column("letter_id", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column(
            "body",
            sa.LargeBinary,
            nullable=False,
        ),
        sa.Column("mended_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("forced", sa.Boolean, nullable=False),
        sa.Column(
            "mended_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()
        ),
        sa.PrimaryKeyConstraint("letter_id", "number"),
    )


def downgrade() -> None:
    # A letter that was mended is replayed as mended by the release before, too: it knows one body alone.
    op.execute(
        "update dead_letters set note = coalesce(note, 'mended'), body = (select m.body from dead_letter_mends m "
        "where m.letter_id = dead_letters.id order by m.number desc limit 1) "
        "where id in (select letter_id from dead_letter_mends)"
    )
    op.drop_table("dead_letter_mends")
    op.drop_index("dead_letters_settled_in", "dead_letters")
    op.drop_index("dead_letters_place", "dead_letters")
    op.drop_column("dead_letters", "settled_in")
    op.drop_column("dead_letters", "settled_by")

"""Spans of stories that are kept.

No table here belongs to a tenant (ADR 0022): spans hold ids, names and times, and no personal data (ADR 0025).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "stories",
        sa.Column(
            "story_id", sa.Text, primary_key=True, comment="the correlation id, or a trace without a story"
        ),
        sa.Column("tenant_id", sa.Text, comment="to filter by"),
        sa.Column("began", sa.BigInteger, nullable=False, comment="nanoseconds since 1970"),
        sa.Column("ended", sa.BigInteger, nullable=False),
        sa.Column("spans", sa.Integer, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.Column("slow", sa.Boolean, nullable=False),
        sa.Column("subjects", ARRAY(sa.Text), nullable=False, comment="what it is about, such as lead/ID"),
    )
    op.create_index("stories_by_time", "stories", ["began"])
    op.create_index("stories_by_subject", "stories", ["subjects"], postgresql_using="gin")
    op.create_table(
        "spans",
        sa.Column("story_id", sa.Text, nullable=False),
        sa.Column("trace_id", sa.Text, nullable=False),
        sa.Column("span_id", sa.Text, nullable=False),
        sa.Column("parent_id", sa.Text),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("process", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("began", sa.BigInteger, nullable=False),
        sa.Column("ended", sa.BigInteger, nullable=False),
        sa.Column("failed", sa.Boolean, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("attributes", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("trace_id", "span_id"),
    )
    op.create_index("spans_by_story", "spans", ["story_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("spans")
    op.drop_table("stories")

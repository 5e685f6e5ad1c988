"""Spans of stories that are kept."""

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Not yet."""


def downgrade() -> None:
    """Not yet."""

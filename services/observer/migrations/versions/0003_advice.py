"""Advice, what came of it, and reports."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Not yet."""


def downgrade() -> None:
    """Not yet."""

"""What is measured, over time; breaches and silences."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Not yet."""


def downgrade() -> None:
    """Not yet."""

"""What was done at the dead letters' desk, and by whom."""

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Not yet."""


def downgrade() -> None:
    """Not yet."""

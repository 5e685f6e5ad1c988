"""The fleet's own tables as they were before their form had a number: each service's own first revision has made them."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """They are there."""


def downgrade() -> None:
    """They go with the service's own first revision."""

"""What is measured, over time; breaches and silences.

No table here belongs to a tenant, and none holds personal data (ADR 0022).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "series",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("labels", JSONB, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column(
            "bounds", ARRAY(sa.Double), nullable=False, comment="upper bounds but the last, which is infinite"
        ),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("name", "labels"),
    )
    op.create_table(
        "samples",
        sa.Column("series_id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("value", sa.Double, nullable=False, comment="of a histogram: the sum"),
        sa.Column("counts", ARRAY(sa.Double), comment="of a histogram: cumulative counts by bound"),
        sa.PrimaryKeyConstraint("series_id", "at"),
    )
    # Rows come in order of time: a few pages of index are enough to find those that are too old.
    op.create_index("samples_by_time", "samples", ["at"], postgresql_using="brin")
    for name in ("minutes", "hours"):
        op.create_table(
            name,
            sa.Column("series_id", sa.Integer, nullable=False),
            sa.Column("at", sa.DateTime(timezone=True), nullable=False, comment="where it begins"),
            sa.Column("minimum", sa.Double, nullable=False),
            sa.Column("maximum", sa.Double, nullable=False),
            sa.Column("total", sa.Double, nullable=False),
            sa.Column("readings", sa.Integer, nullable=False),
            sa.Column("last", sa.Double, nullable=False),
            sa.Column("increase", sa.Double, nullable=False, comment="of a counter, restarts included"),
            sa.Column("counts", ARRAY(sa.Double), comment="of a histogram: by how much each bound rose"),
            sa.PrimaryKeyConstraint("series_id", "at"),
        )
        op.create_index(f"{name}_by_time", name, ["at"], postgresql_using="brin")
    _alerts()


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.Text, primary_key=True),
        sa.Column("threshold", sa.Text, nullable=False),
        sa.Column("service", sa.Text),
        sa.Column("subject", sa.Text),
        sa.Column("metric", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, comment="firing, recovering or recovered"),
        sa.Column("value", sa.Double, nullable=False),
        sa.Column("worst", sa.Double, nullable=False),
        sa.Column("limit", sa.Double, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recovered_at", sa.DateTime(timezone=True)),
        sa.Column("silenced_by", sa.Text, comment="the silence that keeps it from being told"),
    )
    op.create_index("alerts_by_time", "alerts", ["fired_at"])
    op.create_table(
        "silences",
        sa.Column("silence_id", sa.Text, primary_key=True),
        sa.Column("matchers", JSONB, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False, comment="the actor: a person's id, a key's, a service"),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_by", sa.Text),
    )


def downgrade() -> None:
    """Drop the tables."""
    for name in ("silences", "alerts", "hours", "minutes", "samples", "series"):
        op.drop_table(name)

"""Advice, what came of it, and reports.

No table here belongs to a tenant, and none holds personal data (ADR 0022).
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "advice",
        sa.Column("advice_id", sa.Text, primary_key=True),
        sa.Column("service", sa.Text, nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verdict", sa.Text, nullable=False, comment="out, in or hold"),
        sa.Column("because", sa.Text, nullable=False),
        sa.Column("current", sa.Integer, nullable=False, comment="replicas that ran"),
        sa.Column("replicas", sa.Integer, nullable=False, comment="replicas that should run"),
        sa.Column("reason", JSONB, nullable=False),
        sa.Column("message", sa.Text, comment="the bottleneck"),
        sa.Column("p95_now", sa.Double),
        sa.Column("p95_predicted", sa.Double),
        sa.Column("low", sa.Double),
        sa.Column("high", sa.Double),
        sa.Column("inputs", JSONB, comment="what the model was given"),
        sa.Column("outcome", JSONB, comment="what was measured after it took effect"),
    )
    op.create_index("advice_by_service", "advice", ["service", "given_at"])
    op.create_table(
        "reports",
        sa.Column("report_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False, comment="daily, weekly or on_demand"),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("title", JSONB, nullable=False),
        sa.Column("summary", JSONB, nullable=False),
        sa.Column("watched", sa.Integer, nullable=False),
        sa.Column("followed_up", JSONB, nullable=False, comment="findings of before, as they were then"),
    )
    op.create_index("reports_by_time", "reports", ["made_at"])
    op.create_table(
        "findings",
        sa.Column("finding_id", sa.Text, primary_key=True),
        sa.Column(
            "report_id", sa.Text, sa.ForeignKey("reports.report_id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("place", sa.Integer, nullable=False, comment="the worst first"),
        sa.Column("state", sa.Text, nullable=False, comment="proposed, done or validated"),
        sa.Column("body", JSONB, nullable=False),
    )
    op.create_index("findings_by_report", "findings", ["report_id", "place"])
    op.create_index("findings_open", "findings", ["state"])


def downgrade() -> None:
    """Drop the tables."""
    for name in ("findings", "reports", "advice"):
        op.drop_table(name)

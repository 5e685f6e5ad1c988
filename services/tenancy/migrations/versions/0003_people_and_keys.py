"""Users, invitations, sessions, API keys; log-ins, signing keys and revocations of the whole fleet."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chassis.migration import isolate_tenants

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_OF_TENANTS = (
    "users", "invitations", "password_links", "sessions", "refresh_tokens", "api_keys", "microsoft_directories"
)  # fmt: skip
_OF_THE_FLEET = ("logins", "login_attempts", "signing_keys", "revocations")


def upgrade() -> None:
    _create_users()
    _create_sessions()
    _create_keys()
    _create_fleet_tables()
    isolate_tenants(op, *_OF_TENANTS)


def downgrade() -> None:
    for table in (*reversed(_OF_THE_FLEET), *reversed(_OF_TENANTS)):
        op.drop_table(table)


def _of_a_user() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["tenant_id", "user_id"], ["users.tenant_id", "users.user_id"], ondelete="cascade"
    )


def _create_users() -> None:
    op.create_table(
        "users",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text),
        sa.Column("microsoft_directory", sa.Text),
        sa.Column("microsoft_object", sa.Text),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.UniqueConstraint("tenant_id", "email"),
        sa.UniqueConstraint("tenant_id", "microsoft_directory", "microsoft_object"),
        sa.CheckConstraint(
            "role in ('agent', 'tenant_admin') and tenant_id <> 'fleet' or role = 'super_admin' and tenant_id = 'fleet'",
            name="users_role_fits_the_tenant",
        ),
    )
    op.create_table(
        "invitations",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("invitation_id", sa.Text, primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("invited_by", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.UniqueConstraint("tenant_id", "email"),
    )
    op.create_table(
        "password_links",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("link_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("secret_hash", sa.Text, nullable=False),
        _of_a_user(),
    )


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("session_id", sa.Text, primary_key=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("last_used_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("ended_at", _MOMENT),
        _of_a_user(),
        sa.Index(None, "tenant_id", "user_id"),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("secret_hash", sa.Text, primary_key=True),
        sa.Column("session_id", sa.Text, nullable=False),
        sa.Column("used_at", _MOMENT),
        sa.ForeignKeyConstraint(
            ["tenant_id", "session_id"], ["sessions.tenant_id", "sessions.session_id"], ondelete="cascade"
        ),
        sa.Index(None, "tenant_id", "session_id"),
    )


def _create_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("requests_per_minute", sa.Integer),
        sa.Column("secret_hash", sa.Text, nullable=False),
        sa.Column("last_used_at", _MOMENT),
        sa.Column("revoked_at", _MOMENT),
    )
    op.create_table(
        "microsoft_directories",
        sa.Column("tenant_id", sa.Text, primary_key=True),
        sa.Column("directory_id", sa.Text, nullable=False),
    )


def _create_fleet_tables() -> None:
    op.create_table(
        "logins",
        sa.Column("email", sa.Text, primary_key=True),
        sa.Column("tenant_id", sa.Text, nullable=False),
        sa.Column("user_id", sa.Text, nullable=False),
        _of_a_user(),
        sa.Index(None, "tenant_id", "user_id"),
    )
    op.create_table(
        "login_attempts",
        sa.Column(
            "subject", sa.Text, primary_key=True, comment="a keyed hash of an account or of a client address"
        ),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", _MOMENT, nullable=False, index=True),
        sa.Column("locked_until", _MOMENT),
    )
    op.create_table(
        "signing_keys",
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("public", JSONB, nullable=False),
        sa.Column("box", sa.Text, nullable=False),
    )
    op.create_table(
        "revocations",
        sa.Column("revoked_id", sa.Text, primary_key=True),
        sa.Column("until", _MOMENT, nullable=False, index=True),
    )

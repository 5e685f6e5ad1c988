"""The documents about people, sessions and keys that tenancy takes and shows over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from tenancy.application.keep_sessions import Granted
from tenancy.domain.email import for_people
from tenancy.domain.people import ApiKey, Invitation, Session, User
from tenancy.domain.permissions import Role

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Email = Annotated[str, StringConstraints(min_length=1, max_length=320)]
Password = Annotated[SecretStr, Field(max_length=1024)]
Secret = Annotated[SecretStr, Field(max_length=512)]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LoginDocument(_Document):
    """Who logs in."""

    email: Email
    password: Password


class RefreshDocument(_Document):
    """A refresh token, good once."""

    refresh_token: Secret


class TokensView(BaseModel):
    """What a log-in hands out. The refresh token is good once: each refresh hands out the next."""

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105 — its kind
    expires_in: int = Field(description="Seconds that the access token is good.")
    refresh_token: str
    session_id: str

    @classmethod
    def of(cls, granted: Granted) -> TokensView:
        """As it is answered."""
        return cls(
            access_token=granted.access_token, expires_in=granted.expires_in,
            refresh_token=granted.refresh_token, session_id=granted.session_id,
        )  # fmt: skip


class EmailDocument(_Document):
    """Whose password was forgotten."""

    email: Email


class NewPasswordDocument(_Document):
    """A new password by a link."""

    token: Secret = Field(description="What stands behind the # of the link.")
    password: Password


class PasswordChangeDocument(_Document):
    """A new password in place of the current one."""

    current: Password
    new: Password


class AcceptDocument(_Document):
    """An invitation is accepted."""

    token: Secret = Field(description="What stands behind the # of the link.")
    password: Password
    name: Line | None = None


class InvitationDocument(_Document):
    """Somebody is invited."""

    email: Email
    role: Role
    name: Line = ""


class InvitationView(BaseModel):
    """An open invitation."""

    invitation_id: str
    email: str
    name: str
    role: Role
    invited_by: str
    created_at: datetime
    expires_at: datetime
    link: str | None = Field(
        default=None, description="Shown once, and only to those who run the fleet; else it is mailed alone."
    )

    @classmethod
    def of(cls, invitation: Invitation, link: str | None = None) -> InvitationView:
        """As it is shown."""
        return cls(
            invitation_id=invitation.invitation_id, email=for_people(invitation.email), name=invitation.name,
            role=invitation.role, invited_by=invitation.invited_by, created_at=invitation.created_at,
            expires_at=invitation.expires_at, link=link,
        )  # fmt: skip


class RoleDocument(_Document):
    """A user's new role."""

    role: Role


class LinkView(BaseModel):
    """A link for a new password was mailed."""

    link: str | None = Field(
        default=None, description="Shown once, and only to those who run the fleet; else it is mailed alone."
    )


class UserView(BaseModel):
    """A user; no secrets."""

    user_id: str
    tenant_id: str
    email: str
    name: str
    role: Role
    state: Literal["active", "disabled"]
    created_at: datetime
    has_password: bool
    signs_in_with_microsoft: bool

    @classmethod
    def of(cls, user: User) -> UserView:
        """As he is shown."""
        return cls(
            user_id=user.user_id, tenant_id=user.tenant_id, email=for_people(user.email), name=user.name,
            role=user.role, state=user.state, created_at=user.created_at,
            has_password=user.password_hash is not None, signs_in_with_microsoft=user.microsoft is not None,
        )  # fmt: skip


class SessionView(BaseModel):
    """A log-in that can go on."""

    session_id: str
    method: Literal["password", "microsoft"]
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, session: Session) -> SessionView:
        """As it is shown."""
        return cls(
            session_id=session.session_id, method=session.method, created_at=session.created_at,
            last_used_at=session.last_used_at, expires_at=session.expires_at,
        )  # fmt: skip


class ApiKeyDocument(_Document):
    """A new API key."""

    name: Annotated[Line, Field(min_length=1)]
    scopes: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(min_length=1, max_length=100)]
    expires_at: AwareDatetime = Field(description="At most 366 days away.")
    requests_per_minute: int | None = Field(default=None, ge=1, le=100_000)


class ApiKeyView(BaseModel):
    """An API key, without its secret."""

    key_id: str
    name: str
    scopes: tuple[str, ...]
    created_by: str
    created_at: datetime
    expires_at: datetime
    requests_per_minute: int | None
    last_used_at: datetime | None = Field(description="To within a few minutes.")

    @classmethod
    def of(cls, key: ApiKey) -> ApiKeyView:
        """As it is shown."""
        return cls.model_validate(_shown(key))


class NewApiKeyView(ApiKeyView):
    """A new API key, with its secret: shown this once."""

    key: str

    @classmethod
    def made(cls, key: ApiKey, text: str) -> NewApiKeyView:
        """As it is handed out."""
        return cls.model_validate({**_shown(key), "key": text})


class DirectoryDocument(_Document):
    """The company's directory at Microsoft."""

    directory_id: Annotated[str, Field(max_length=64)] = Field(description="The UUID that Entra shows.")


class DirectoryView(BaseModel):
    """The company's directory at Microsoft; none when nobody signs in with Microsoft."""

    directory_id: str | None


class TurnDocument(_Document):
    """Why the signing key is renewed."""

    compromised: bool = Field(
        default=False, description="Throw the old keys away at once; everybody needs a new access token."
    )


class TurnedView(BaseModel):
    """The new signing key."""

    key_id: str


class JwkSet(BaseModel):
    """The public keys of access tokens (RFC 7517)."""

    keys: tuple[dict[str, str], ...]


def _shown(key: ApiKey) -> dict[str, object]:
    return {name: getattr(key, name) for name in ApiKeyView.model_fields}

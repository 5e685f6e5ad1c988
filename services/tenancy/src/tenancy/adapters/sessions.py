"""Sessions, refresh tokens and API keys of one tenant, behind row-level security."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from sqlalchemy import RowMapping, delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from chassis import Session as Transaction
from tenancy.adapters.store import API_KEYS, REFRESH_TOKENS, SESSIONS
from tenancy.domain.people import ApiKey, Session


class StoredSessions:
    """The port `Sessions` in one transaction."""

    def __init__(self, session: Transaction, tenant_id: str) -> None:
        self._session = session
        self._tenant_id = tenant_id
        self._own = SESSIONS.c.tenant_id == tenant_id

    async def keep(self, session: Session) -> None:
        """Keep a session, new or changed."""
        keep = insert(SESSIONS).values(**asdict(session))
        changed = {name: keep.excluded[name] for name in ("last_used_at", "ended_at")}
        await self._session.execute(
            keep.on_conflict_do_update(index_elements=["tenant_id", "session_id"], set_=changed)
        )

    async def locked(self, session_id: str) -> Session | None:
        """A session, which nobody else changes until the end."""
        found = await self._session.execute(
            select(SESSIONS).where(self._own, SESSIONS.c.session_id == session_id).with_for_update()
        )
        row = found.mappings().first()
        return Session(**row) if row is not None else None

    async def of_user(self, user_id: str) -> list[Session]:
        """A user's sessions that were not ended, newest first."""
        found = await self._session.execute(
            select(SESSIONS)
            .where(self._own, SESSIONS.c.user_id == user_id, SESSIONS.c.ended_at.is_(None))
            .order_by(SESSIONS.c.session_id.desc())
        )
        return [Session(**row) for row in found.mappings()]

    async def add_token(self, session_id: str, secret_hash: str) -> None:
        """Note a refresh token."""
        await self._session.execute(
            insert(REFRESH_TOKENS).values(
                tenant_id=self._tenant_id, session_id=session_id, secret_hash=secret_hash
            )
        )

    async def use_token(
        self, session_id: str, secret_hash: str, now: datetime
    ) -> Literal["first", "again", "unknown"]:
        """Use a refresh token of a session up."""
        this = (
            (REFRESH_TOKENS.c.tenant_id == self._tenant_id)
            & (REFRESH_TOKENS.c.session_id == session_id)
            & (REFRESH_TOKENS.c.secret_hash == secret_hash)
        )
        used = await self._session.execute(
            update(REFRESH_TOKENS)
            .where(this, REFRESH_TOKENS.c.used_at.is_(None))
            .values(used_at=now)
            .returning(REFRESH_TOKENS.c.session_id)
        )
        if used.first() is not None:
            return "first"
        known = await self._session.execute(select(REFRESH_TOKENS.c.session_id).where(this))
        return "again" if known.first() is not None else "unknown"

    async def forget_old(self, before: datetime) -> int:
        """Remove sessions that ended or expired before; how many."""
        gone = await self._session.execute(
            delete(SESSIONS)
            .where(self._own, or_(SESSIONS.c.expires_at < before, SESSIONS.c.ended_at < before))
            .returning(SESSIONS.c.session_id)
        )
        return len(gone.all())


class StoredApiKeys:
    """The port `ApiKeys` in one transaction."""

    def __init__(self, session: Transaction, tenant_id: str) -> None:
        self._session = session
        self._own = API_KEYS.c.tenant_id == tenant_id

    async def all(self) -> list[ApiKey]:
        """All keys that were not revoked, newest first."""
        found = await self._session.execute(
            select(API_KEYS)
            .where(self._own, API_KEYS.c.revoked_at.is_(None))
            .order_by(API_KEYS.c.key_id.desc())
        )
        return [_key(row) for row in found.mappings()]

    async def key(self, key_id: str) -> ApiKey | None:
        """One key."""
        found = await self._session.execute(select(API_KEYS).where(self._own, API_KEYS.c.key_id == key_id))
        row = found.mappings().first()
        return _key(row) if row is not None else None

    async def keep(self, key: ApiKey) -> None:
        """Keep a key, new or changed."""
        keep = insert(API_KEYS).values(**{**asdict(key), "scopes": list(key.scopes)})
        changed = {name: keep.excluded[name] for name in ("last_used_at", "revoked_at")}
        await self._session.execute(
            keep.on_conflict_do_update(index_elements=["tenant_id", "key_id"], set_=changed)
        )


def _key(row: RowMapping) -> ApiKey:
    values = dict(row)
    scopes: list[str] = values.pop("scopes")
    return ApiKey(**values, scopes=tuple(scopes))

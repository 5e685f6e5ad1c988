"""What is known of people before a tenant is: log-ins, attempts, signing keys, revocations; and the transactions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from chassis import Session, Units
from chassis.units import Transaction
from tenancy.adapters.people import StoredInvitations, StoredUsers
from tenancy.adapters.records import StoredTenant
from tenancy.adapters.sessions import StoredApiKeys, StoredSessions
from tenancy.adapters.store import DIRECTORY, LOGIN_ATTEMPTS, LOGINS, REVOCATIONS, SIGNING_KEYS, UNLICENSED
from tenancy.application.people_ports import FleetRecords, Login, Room, SigningKey
from tenancy.application.ports import AuditRow
from tenancy.domain.attempts import Attempts

_ATTEMPTS_MEAN_NOTHING_AFTER = timedelta(days=2)


class StoredDoors:
    """The port `Doors` over the chassis's transactions."""

    def __init__(self, units: Units) -> None:
        self._units = units

    @asynccontextmanager
    async def room(self, tenant_id: str) -> AsyncGenerator[Room]:
        """One tenant's records."""
        async with self._units.begin(tenant_id) as transaction:
            yield _room(transaction, tenant_id)

    @asynccontextmanager
    async def fleet(self) -> AsyncGenerator[FleetRecords]:
        """The fleet's records, and no tenant's."""
        async with self._units.fleet() as session:
            yield StoredFleet(session)


def _room(transaction: Transaction, tenant_id: str) -> Room:
    session = transaction.session

    async def note(row: AuditRow) -> None:
        await StoredTenant(session).note(tenant_id, row)

    return Room(
        tenant_id,
        StoredUsers(session, tenant_id),
        StoredInvitations(session, tenant_id),
        StoredSessions(session, tenant_id),
        StoredApiKeys(session, tenant_id),
        StoredFleet(session),
        note,
        transaction.say,
    )


class StoredFleet:
    """The port `FleetRecords` in one transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def knows(self, tenant_id: str) -> bool:
        """Whether there is such a tenant."""
        found = await self._session.execute(
            select(DIRECTORY.c.tenant_id).where(DIRECTORY.c.tenant_id == tenant_id)
        )
        return found.first() is not None

    async def tenants(self) -> list[str]:
        """The ids of all tenants."""
        found = await self._session.execute(select(DIRECTORY.c.tenant_id).order_by(DIRECTORY.c.tenant_id))
        return [str(tenant_id) for tenant_id in found.scalars()]

    async def login(self, email: str) -> Login | None:
        """Whose an address is."""
        found = await self._session.execute(
            select(LOGINS.c.tenant_id, LOGINS.c.user_id).where(LOGINS.c.email == email)
        )
        row = found.first()
        return Login(row[0], row[1]) if row is not None else None

    async def keep_login(self, email: str, login: Login) -> bool:
        """Give an address to a user; False when it is somebody else's."""
        kept = await self._session.execute(
            insert(LOGINS)
            .values(email=email, **asdict(login))
            .on_conflict_do_nothing(index_elements=["email"])
            .returning(LOGINS.c.email)
        )
        return kept.first() is not None or await self.login(email) == login

    async def attempts(self, subject: str) -> Attempts | None:
        """Attempts at or of a subject; nobody else counts them until the end."""
        await self._session.execute(
            text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": f"attempts:{subject}"}
        )
        found = await self._session.execute(
            select(LOGIN_ATTEMPTS.c.count, LOGIN_ATTEMPTS.c.last_at, LOGIN_ATTEMPTS.c.locked_until).where(
                LOGIN_ATTEMPTS.c.subject == subject
            )
        )
        row = found.first()
        return Attempts(row[0], row[1], row[2]) if row is not None else None

    async def keep_attempts(self, subject: str, attempts: Attempts | None) -> None:
        """Keep them, or forget them."""
        if attempts is None:
            await self._session.execute(delete(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.subject == subject))
            return
        values = asdict(attempts)
        keep = insert(LOGIN_ATTEMPTS).values(subject=subject, **values)
        await self._session.execute(keep.on_conflict_do_update(index_elements=["subject"], set_=values))

    async def revoke(self, revoked_id: str, until: datetime) -> None:
        """Let nobody in any more by a session or a key."""
        keep = insert(REVOCATIONS).values(revoked_id=revoked_id, until=until)
        await self._session.execute(
            keep.on_conflict_do_update(index_elements=["revoked_id"], set_={"until": until})
        )

    async def revoked(self, now: datetime) -> list[str]:
        """The ids that are to be let in no more."""
        found = await self._session.execute(
            select(REVOCATIONS.c.revoked_id)
            .where(REVOCATIONS.c.until > now)
            .order_by(REVOCATIONS.c.revoked_id)
        )
        return [str(revoked_id) for revoked_id in found.scalars()]

    async def suspended(self) -> list[str]:
        """Tenants that nobody may come in for."""
        found = await self._session.execute(
            select(DIRECTORY.c.tenant_id).where(DIRECTORY.c.suspended).order_by(DIRECTORY.c.tenant_id)
        )
        return [str(tenant_id) for tenant_id in found.scalars()]

    async def unlicensed(self) -> list[str]:
        """Those of the suspended whom only their licence stops."""
        found = await self._session.execute(
            select(DIRECTORY.c.tenant_id).where(UNLICENSED).order_by(DIRECTORY.c.tenant_id)
        )
        return [str(tenant_id) for tenant_id in found.scalars()]

    async def signing_keys(self) -> list[SigningKey]:
        """All keys that were not removed, newest first."""
        found = await self._session.execute(
            select(SIGNING_KEYS).order_by(SIGNING_KEYS.c.created_at.desc(), SIGNING_KEYS.c.key_id.desc())
        )
        return [SigningKey(**row) for row in found.mappings()]

    async def lock_signing_keys(self) -> None:
        """Let nobody else make a key until the end."""
        await self._session.execute(text("select pg_advisory_xact_lock(hashtext('signing keys'))"))

    async def keep_signing_key(self, key: SigningKey) -> None:
        """Keep a key, new or sealed again."""
        keep = insert(SIGNING_KEYS).values(
            key_id=key.key_id, created_at=key.created_at, public=dict(key.public), box=key.box
        )
        await self._session.execute(
            keep.on_conflict_do_update(index_elements=["key_id"], set_={"box": key.box})
        )

    async def remove_signing_key(self, key_id: str) -> None:
        """Remove a key: its tokens are good no more."""
        await self._session.execute(delete(SIGNING_KEYS).where(SIGNING_KEYS.c.key_id == key_id))

    async def forget_old(self, now: datetime) -> None:
        """Remove attempts and revocations that mean nothing any more."""
        await self._session.execute(delete(REVOCATIONS).where(REVOCATIONS.c.until < now))
        await self._session.execute(
            delete(LOGIN_ATTEMPTS).where(LOGIN_ATTEMPTS.c.last_at < now - _ATTEMPTS_MEAN_NOTHING_AFTER)
        )

    async def moment(self) -> int:
        """Milliseconds by the database's clock."""
        found = await self._session.execute(
            select(func.floor(func.extract("epoch", func.clock_timestamp()) * 1000))
        )
        return int(found.scalar_one())

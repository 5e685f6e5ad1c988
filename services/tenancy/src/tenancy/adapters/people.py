"""Users, invitations and links of one tenant, behind row-level security."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import RowMapping, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from chassis import Session
from tenancy.adapters.store import INVITATIONS, MICROSOFT_DIRECTORIES, PASSWORD_LINKS, TENANTS, USERS
from tenancy.application.people_ports import Company
from tenancy.domain.people import Invitation, MicrosoftAccount, PasswordLink, User


class StoredUsers:
    """The port `Users` in one transaction."""

    def __init__(self, session: Session, tenant_id: str) -> None:
        self._session = session
        self._tenant_id = tenant_id
        self._own = USERS.c.tenant_id == tenant_id

    async def lock(self) -> None:
        """Let nobody else change this tenant's people until the end."""
        await self._session.execute(
            text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": f"people:{self._tenant_id}"}
        )

    async def all(self, after: str, limit: int) -> list[User]:
        """Users by id, a page."""
        found = await self._session.execute(
            select(USERS).where(self._own, USERS.c.user_id > after).order_by(USERS.c.user_id).limit(limit)
        )
        return [_user(row) for row in found.mappings()]

    async def user(self, user_id: str) -> User | None:
        """One user."""
        return await self._one(USERS.c.user_id == user_id)

    async def by_microsoft(self, account: MicrosoftAccount) -> User | None:
        """The user who is that at Microsoft."""
        return await self._one(
            (USERS.c.microsoft_directory == account.directory_id)
            & (USERS.c.microsoft_object == account.object_id)
        )

    async def keep(self, user: User) -> None:
        """Keep a user, new or changed."""
        values = asdict(user)
        microsoft = values.pop("microsoft") or {"directory_id": None, "object_id": None}
        values |= {
            "microsoft_directory": microsoft["directory_id"],
            "microsoft_object": microsoft["object_id"],
        }
        keep = insert(USERS).values(values)
        changed = {name: keep.excluded[name] for name in values if name not in {"tenant_id", "user_id"}}
        await self._session.execute(
            keep.on_conflict_do_update(index_elements=["tenant_id", "user_id"], set_=changed)
        )

    async def remove(self, user_id: str) -> None:
        """Remove a user with sessions, links and log-in (the database cascades)."""
        await self._session.execute(delete(USERS).where(self._own, USERS.c.user_id == user_id))

    async def active_with(self, role: str) -> int:
        """How many active users have a role."""
        found = await self._session.execute(
            select(func.count())
            .select_from(USERS)
            .where(self._own, USERS.c.role == role, USERS.c.state == "active")
        )
        return int(found.scalar_one())

    async def company(self) -> Company | None:
        """The company; None when there is none of that id."""
        found = await self._session.execute(
            select(TENANTS.c.name, TENANTS.c.language).where(TENANTS.c.tenant_id == self._tenant_id)
        )
        row = found.first()
        return Company(row[0], "en" if row[1] == "en" else "de") if row is not None else None

    async def microsoft_directory(self) -> str | None:
        """The company's directory at Microsoft."""
        table = MICROSOFT_DIRECTORIES
        found = await self._session.execute(
            select(table.c.directory_id).where(table.c.tenant_id == self._tenant_id)
        )
        return found.scalar_one_or_none()

    async def keep_microsoft_directory(self, directory_id: str | None) -> None:
        """Set or take away the company's directory at Microsoft."""
        table = MICROSOFT_DIRECTORIES
        if directory_id is None:
            await self._session.execute(delete(table).where(table.c.tenant_id == self._tenant_id))
            return
        keep = insert(table).values(tenant_id=self._tenant_id, directory_id=directory_id)
        changed = {"directory_id": directory_id}
        await self._session.execute(keep.on_conflict_do_update(index_elements=["tenant_id"], set_=changed))

    async def _one(self, condition: Any) -> User | None:  # an expression of SQLAlchemy's
        found = await self._session.execute(select(USERS).where(self._own, condition))
        row = found.mappings().first()
        return _user(row) if row is not None else None


class StoredInvitations:
    """The port `Invitations` in one transaction."""

    def __init__(self, session: Session, tenant_id: str) -> None:
        self._session = session
        self._own = INVITATIONS.c.tenant_id == tenant_id
        self._own_link = PASSWORD_LINKS.c.tenant_id == tenant_id

    async def all(self) -> list[Invitation]:
        """All invitations, oldest first."""
        found = await self._session.execute(
            select(INVITATIONS).where(self._own).order_by(INVITATIONS.c.invitation_id)
        )
        return [Invitation(**row) for row in found.mappings()]

    async def invitation(self, invitation_id: str) -> Invitation | None:
        """One invitation."""
        return await self._one(INVITATIONS.c.invitation_id == invitation_id)

    async def to(self, email: str) -> Invitation | None:
        """The invitation of an address."""
        return await self._one(INVITATIONS.c.email == email)

    async def keep(self, invitation: Invitation) -> None:
        """Keep an invitation; an older one of the same address is void."""
        await self._session.execute(
            delete(INVITATIONS).where(self._own, INVITATIONS.c.email == invitation.email)
        )
        await self._session.execute(insert(INVITATIONS).values(**asdict(invitation)))

    async def remove(self, invitation_id: str) -> None:
        """Take an invitation back, or use it up."""
        await self._session.execute(
            delete(INVITATIONS).where(self._own, INVITATIONS.c.invitation_id == invitation_id)
        )

    async def remove_by(self, inviter: str) -> None:
        """Take back all that somebody offered."""
        await self._session.execute(delete(INVITATIONS).where(self._own, INVITATIONS.c.invited_by == inviter))

    async def keep_link(self, link: PasswordLink) -> None:
        """Keep a link for a new password; older ones of the user are void."""
        await self.remove_links(link.user_id)
        await self._session.execute(insert(PASSWORD_LINKS).values(**asdict(link)))

    async def link(self, link_id: str) -> PasswordLink | None:
        """A link for a new password."""
        found = await self._session.execute(
            select(PASSWORD_LINKS).where(self._own_link, PASSWORD_LINKS.c.link_id == link_id)
        )
        row = found.mappings().first()
        return PasswordLink(**row) if row is not None else None

    async def remove_links(self, user_id: str) -> None:
        """Make all links of a user void."""
        await self._session.execute(
            delete(PASSWORD_LINKS).where(self._own_link, PASSWORD_LINKS.c.user_id == user_id)
        )

    async def _one(self, condition: Any) -> Invitation | None:  # an expression of SQLAlchemy's
        found = await self._session.execute(select(INVITATIONS).where(self._own, condition))
        row = found.mappings().first()
        return Invitation(**row) if row is not None else None


def _user(row: RowMapping) -> User:
    values = dict(row)
    directory, known_as = values.pop("microsoft_directory"), values.pop("microsoft_object")
    microsoft = MicrosoftAccount(directory, known_as) if directory is not None else None
    return User(**values, microsoft=microsoft)

"""People for tests: users of a tenancy that runs, and the headers by which the gateway vouches for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx

from chassis.keyring import KeyRing
from contracts.messages.v1 import SendEmail, letter_secret_context
from contracts.tenants.http_v1 import AccessState
from tenancy.domain.permissions import SCOPES, Role
from testkit.service import RunningService

PASSWORD = "drei gelbe Blumentöpfe"  # noqa: S105 — of people that there are not
ANOTHER_PASSWORD = "vier blaue Gießkannen"  # noqa: S105
CHEAP_HASHES: Mapping[str, str] = {
    "TENANCY_ARGON2_PASSES": "1",
    "TENANCY_ARGON2_MEMORY_KIB": "64",
    "TENANCY_ARGON2_LANES": "1",
}
"""Environment of a tenancy whose passwords cost nothing."""
_WORDS = {"signature": "S", "imprint": "I", "ai_notice": "N"}


@dataclass
class Clock:
    """Time as the test wants it."""

    moved: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.moved

    def pass_by(self, **span: float) -> None:
        """Let time pass."""
        self.moved += timedelta(**span)

    def reset(self) -> None:
        """Back to the present."""
        self.moved = timedelta()


@dataclass(frozen=True)
class Somebody:
    """A user."""

    email: str
    user_id: str
    tenant_id: str
    role: Role

    @property
    def headers(self) -> dict[str, str]:
        """What the gateway says of him, beside the service token."""
        return {
            "X-Tenant-Id": self.tenant_id,
            "X-Actor": f"user:{self.user_id}",
            "X-Role": self.role,
            "X-Scopes": " ".join(sorted(SCOPES[self.role])),
        }


class People:
    """What people do at tenancy's door, by its own HTTP interface."""

    def __init__(self, tenancy: RunningService) -> None:
        self.tenancy = tenancy
        self.http = tenancy.http

    def admin(self, tenant_id: str) -> dict[str, str]:
        """Headers of those who run the fleet."""
        token = self.tenancy.service.settings.admin_token.get_secret_value()
        return {"Authorization": f"Bearer {token}", "X-Tenant-Id": tenant_id}

    async def company(self, language: str = "de") -> str:
        """A new tenant; its id."""
        tenant_id = f"leute-{uuid4().hex[:10]}"
        document = {
            "name": "Müßig Immobilien", "mailbox": "office@x.test", "display_name": "Müßig",
            "agent_email": "agent@x.test", "texts": {"de": _WORDS, "en": _WORDS}, "language": language,
        }  # fmt: skip
        answer = await self.http.put(f"/api/v1/tenants/{tenant_id}", json=document)
        assert answer.status_code == 201, answer.text
        return tenant_id

    async def invite(self, tenant_id: str, email: str, role: str = "agent") -> httpx.Response:
        """Invite somebody for those who run the fleet, who are shown the link."""
        document = {"email": email, "role": role}
        return await self.http.post("/api/v1/users/invitations", json=document, headers=self.admin(tenant_id))

    async def accept(self, link: str, password: str = PASSWORD) -> httpx.Response:
        """Accept an invitation."""
        document = {"token": link.partition("#")[2], "password": password, "name": "Anna Müßig"}
        return await self.http.post("/api/v1/auth/invitations/accept", json=document)

    async def join(self, tenant_id: str, role: Role = "tenant_admin", email: str = "") -> Somebody:
        """A new user."""
        email = email or f"anna-{uuid4().hex[:8]}@müßig.test"
        invited = await self.invite(tenant_id, email, role)
        assert invited.status_code == 201, invited.text
        accepted = await self.accept(invited.json()["link"])
        assert accepted.status_code == 201, accepted.text
        return Somebody(email, accepted.json()["user_id"], tenant_id, role)

    async def log_in(self, email: str, password: str = PASSWORD, *, client: str = "") -> httpx.Response:
        """Log in from a client address, else from one that nobody has used."""
        address = client or f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"
        return await self.http.post(
            "/api/v1/auth/login",
            json={"email": email, "password": password},
            headers={"X-Forwarded-For": address},
        )

    async def tokens(self, somebody: Somebody, password: str = PASSWORD) -> dict[str, Any]:
        """What a good log-in hands out."""
        answer = await self.log_in(somebody.email, password)
        assert answer.status_code == 200, answer.text
        granted: dict[str, Any] = answer.json()
        return granted

    async def refresh(self, granted: Mapping[str, Any]) -> httpx.Response:
        """New tokens."""
        document = {"refresh_token": granted["refresh_token"]}
        return await self.http.post("/api/v1/auth/refresh", json=document)

    async def access(self) -> AccessState:
        """What the gateway is told."""
        return AccessState.model_validate_json((await self.http.get("/internal/access")).content)

    async def audit(self, tenant_id: str) -> list[tuple[str, str]]:
        """Actors and actions, oldest first."""
        page = (await self.http.get(f"/api/v1/tenants/{tenant_id}/audit")).json()
        return [(row["actor"], row["action"]) for row in reversed(page["entries"])]

    def link_in(self, letter: SendEmail, tenant_id: str) -> str:
        """The link that notification would put into a letter."""
        assert letter.secret is not None
        ring = KeyRing.from_secret(self.tenancy.service.settings.master_key)
        return ring.open(letter.secret, letter_secret_context(tenant_id, letter.lead_id)).decode()

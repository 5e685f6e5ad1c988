"""People who came in through the front door: invited, joined and logged in over the gateway."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from tenancy.domain.permissions import Role
from testkit.house import FurnishedHouse
from testkit.people import PASSWORD


@dataclass(frozen=True)
class Insider:
    """Somebody with an access token."""

    tenant_id: str
    role: Role
    user_id: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """How he asks the gateway."""
        return {"Authorization": f"Bearer {self.token}"}


async def come_in(house: FurnishedHouse, tenant_id: str, role: Role) -> Insider:
    """Make a user of a company, from the invitation to the log-in."""
    email = f"{role}@{tenant_id}.test"
    invited = await house.http.post(
        "/api/v1/users/invitations", json={"email": email, "role": role}, headers={"X-Tenant-Id": tenant_id}
    )
    secret = _good(invited)["link"].partition("#")[2]
    async with httpx.AsyncClient(base_url=house.http.base_url, trust_env=False) as outside:
        joined = await outside.post(
            "/api/v1/auth/invitations/accept", json={"token": secret, "password": PASSWORD}
        )
        _good(joined)
        logged_in = _good(
            await outside.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        )
        headers = {"Authorization": f"Bearer {logged_in['access_token']}"}
        me = _good(await outside.get("/api/v1/auth/me", headers=headers))
    return Insider(tenant_id, role, me["user_id"], logged_in["access_token"])


def _good(answer: httpx.Response) -> dict[str, str]:
    if not answer.is_success:
        raise AssertionError(f"{answer.request.url.path}: {answer.status_code} {answer.text}")
    found: dict[str, str] = answer.json()
    return found

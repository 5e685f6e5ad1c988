"""Where the running fleet's gateway is, and the token to ask it with."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pydantic import JsonValue

from frontdesk import checkout
from frontdesk.fleet.plan import plan_fleet

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True)
class Door:
    """The gateway and the admin token."""

    url: str
    token: str

    def ask(self, method: str, path: str, *, tenant: str | None = None, body: JsonValue = None) -> JsonValue:
        """Ask the gateway; what it refuses ends the command with its words."""
        answer = self._answer(method, path, tenant=tenant, body=body)
        found: JsonValue = answer.json() if answer.content else None
        return found

    def fetch(self, path: str) -> bytes:
        """A document, as it is; what the gateway refuses ends the command with its words."""
        return self._answer("GET", path).content

    def _answer(
        self, method: str, path: str, *, tenant: str | None = None, body: JsonValue = None
    ) -> httpx.Response:
        import httpx

        headers = {
            "Authorization": f"Bearer {self.token}",
            "X-Actor": f"frontdesk {os.environ.get('USER', 'console')}",
        }
        if tenant is not None:
            headers["X-Tenant-Id"] = tenant
        try:
            answer = httpx.request(
                method, f"{self.url}{path}", headers=headers, json=body, timeout=30, trust_env=False
            )
        except httpx.HTTPError as error:
            _end(
                f"the gateway at {self.url} does not answer ({type(error).__name__}): start the fleet with 'make run'"
            )
        if answer.is_error:
            _end(f"{answer.status_code}: {_detail(answer)}")
        return answer


def open_door() -> Door:
    """The gateway of this checkout's fleet, or FRONTDESK_URL with FRONTDESK_ADMIN_TOKEN."""
    plan = plan_fleet(checkout.local_folder(), None)
    url = os.environ.get("FRONTDESK_URL") or plan.url("gateway")
    return Door(url, plan.shared["FRONTDESK_ADMIN_TOKEN"])


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("detail", answer.text))
    except ValueError:
        return answer.text[:300]


def _end(words: str) -> NoReturn:
    sys.exit(f"frontdesk: {words}")

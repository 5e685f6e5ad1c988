"""The world outside the house: what the simulated vendors hold, and letters handed to them."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from pathlib import Path

import httpx
from pydantic import Base64Bytes, BaseModel, JsonValue

from frontdesk.fleet.vendors import Vendors
from frontdesk.story.letters import Letter


class Accepted(BaseModel):
    """A mail that the SMTP server accepted."""

    number: int
    recipients: list[str]
    user: str | None
    raw_base64: Base64Bytes

    @property
    def message(self) -> EmailMessage:
        """The mail, parsed."""
        return email.message_from_bytes(self.raw_base64, policy=email.policy.default)

    @property
    def text(self) -> str:
        """Its plain text."""
        body = self.message.get_body(("plain",))
        return str(body.get_content()) if body is not None else ""


class World:
    """The simulated vendors, as a story uses them."""

    def __init__(self, vendors: Vendors, http: httpx.AsyncClient) -> None:
        self.vendors = vendors
        self._http = http
        self._control = vendors.addresses["control"]

    def places(self, directory: str) -> dict[str, str]:
        """What the tenants' file names: hosts, ports, base URLs."""
        addresses = self.vendors.addresses
        smtp_host, smtp_port = addresses["smtp"].split(":")
        imap_host, imap_port = addresses["imap"].split(":")
        return {
            "smtp_host": smtp_host,
            "smtp_port": smtp_port,
            "imap_host": imap_host,
            "imap_port": imap_port,
            "ca_pem": json.dumps(Path(addresses["ca"]).read_text(encoding="ascii")),
            "weclapp": addresses["weclapp"].replace("{tenant}", directory),
            "graph": addresses["graph"],
            "graph_login": addresses["graph_login"],
        }

    async def open_mailboxes(self, accounts: Sequence[tuple[str, str]]) -> None:
        """Give accounts to addresses."""
        for address, password in accounts:
            await self._post("mail/mailboxes", {"address": address, "password": password})

    async def post_payment_events(self, url: str, secret: str) -> None:
        """Have Stripe post every event to an address, signed with this secret."""
        endpoint: dict[str, JsonValue] = {"url": url, "secret": secret, "enabled_events": ["*"]}
        await self._post("seed", {"stripe": {"endpoints": [endpoint]}})

    async def deliver(self, letter: Letter, *, genuine: bool = True) -> None:
        """Bring a letter into its recipient's mailbox, as the recipient's own server does."""
        verdict = "pass" if genuine else "fail"
        body: dict[str, JsonValue] = {
            "to": letter.recipient,
            "raw_base64": base64.b64encode(letter.raw).decode(),
            "authentication": {"spf": verdict, "dkim": verdict, "dmarc": verdict},
        }
        await self._post("mail/deliver", body)

    async def post_webhook(self, url: str, secret: str, delivery_id: str, body: bytes) -> httpx.Response:
        """Post a signed webhook to the gateway, as a mail forwarder would."""
        stamp = str(int(time.time()))
        signed = f"{stamp}.{delivery_id}.".encode() + body
        signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        headers = {
            "X-Frontdesk-Delivery": delivery_id,
            "X-Frontdesk-Signature": f"t={stamp},v1={signature}",
            "Content-Type": "message/rfc822",
        }
        return await self._http.post(url, content=body, headers=headers)

    async def sent(self, *, to: str | None = None) -> list[Accepted]:
        """What the SMTP server accepted."""
        answer = await self._http.get(f"{self._control}/mail/sent", params={"to": to} if to else {})
        answer.raise_for_status()
        return [Accepted.model_validate(mail) for mail in answer.json()["sent"]]

    async def sent_matching(
        self, to: str, fits: Callable[[Accepted], bool], *, within: float = 60.0
    ) -> Accepted:
        """Wait for a mail to an address. Raises `TimeoutError`."""
        async with asyncio.timeout(within):
            while True:
                found = next((mail for mail in await self.sent(to=to) if fits(mail)), None)
                if found is not None:
                    return found
                await asyncio.sleep(0.1)

    async def state(self, vendor: str) -> dict[str, JsonValue]:
        """What a vendor holds."""
        answer = await self._http.get(f"{self._control}/state", params={"vendor": vendor})
        answer.raise_for_status()
        state: dict[str, JsonValue] = answer.json()[vendor]
        return state

    async def _post(self, path: str, body: dict[str, JsonValue]) -> None:
        answer = await self._http.post(f"{self._control}/{path}", json=body)
        answer.raise_for_status()

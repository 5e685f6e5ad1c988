"""The simulated mail world: mailboxes, letters delivered into them, and mails the SMTP server accepted."""

import base64
import email
import email.policy
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

import httpx
from pydantic import Base64Bytes, BaseModel, JsonValue

from frontdesk.play.world import Accepted


class AcceptedMail(Accepted):
    """A mail that the SMTP server accepted, whether or not its sender learned of it."""

    accepted_at: datetime
    mail_from: str
    message_id: str | None
    answered: bool


class StoredMail(BaseModel):
    """A letter as it lies in a folder."""

    received_at: datetime
    flags: list[str]
    message_id: str | None
    raw_base64: Base64Bytes

    @property
    def message(self) -> EmailMessage:
        """The letter, parsed."""
        return email.message_from_bytes(self.raw_base64, policy=email.policy.default)


@dataclass(frozen=True)
class Mail:
    """The control plane of the mail servers."""

    _control: httpx.AsyncClient

    async def create_mailbox(self, address: str, password: str) -> None:
        """Open an account for IMAP and SMTP."""
        await self._post("mailboxes", {"address": address, "password": password})

    async def deliver(self, to: str, letter: EmailMessage | bytes, **details: JsonValue) -> None:
        """Bring a letter from outside: authentication=, authserv_id=, mail_from=, folder=, flags=, received_at=."""
        raw = letter if isinstance(letter, bytes) else letter.as_bytes()
        await self._post("deliver", {"to": to, "raw_base64": base64.b64encode(raw).decode(), **details})

    async def deliver_history(self, to: str, count: int, **details: JsonValue) -> None:
        """Fill a mailbox with old letters: first=, last=, seen=."""
        await self._post("deliver-many", {"to": to, "generate": {"count": count, **details}})

    async def sent(self, *, to: str | None = None, sender: str | None = None) -> list[AcceptedMail]:
        """What the SMTP server accepted."""
        query = {name: value for name, value in (("to", to), ("from", sender)) if value is not None}
        answer = _checked(await self._control.get("mail/sent", params=query))
        return [AcceptedMail.model_validate(mail) for mail in answer.json()["sent"]]

    async def folder(self, address: str, folder: str = "INBOX") -> list[StoredMail]:
        """What lies in a folder."""
        answer = _checked(await self._control.get(f"mail/mailboxes/{address}/{folder}"))
        return [StoredMail.model_validate(mail) for mail in answer.json()["messages"]]

    async def fault(self, server: str, stage: str, action: str, **details: JsonValue) -> None:
        """Spoil what `smtp` or `imap` does next: code=, text=, seconds=, address=, times=."""
        await self._post("faults", {"server": server, "stage": stage, "action": action, **details})

    async def clear_faults(self) -> None:
        """Let both servers behave again."""
        _checked(await self._control.delete("mail/faults"))

    async def change_uidvalidity(self, address: str, folder: str = "INBOX") -> None:
        """Make a folder look new to IMAP clients."""
        await self._post("imap/uidvalidity", {"address": address, "folder": folder})

    async def drop_connections(self, address: str | None = None) -> None:
        """Cut the IMAP connections of one account, or all."""
        await self._post("imap/drop", {"address": address})

    async def reset(self) -> None:
        """Forget mailboxes, letters and faults."""
        await self._post("reset", {})

    async def _post(self, path: str, body: dict[str, JsonValue]) -> None:
        _checked(await self._control.post(f"mail/{path}", json=body))


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise AssertionError(f"the mail sandbox refused {answer.request.url}: {answer.text}")
    return answer

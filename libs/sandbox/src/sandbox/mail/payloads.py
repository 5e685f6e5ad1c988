"""The control plane's own JSON, checked at the door."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, model_validator

from sandbox.mail.arrival import AUTHSERV_ID
from sandbox.mail.faults import IMAP_STAGES, SMTP_STAGES, Action, Server, Stage

Verdict = Literal["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]
Flag = Literal["\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"]

_LINE: frozenset[Action] = frozenset({"reply", "delay", "hang", "cut"})
_AFTER_CONTENT: frozenset[Action] = frozenset({*_LINE, "accept_then_cut", "accept_then_hang"})
_LOGIN: frozenset[Action] = frozenset({"refuse", "unavailable", "delay", "hang"})


class _Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MailboxPayload(_Payload):
    """POST mailboxes: an account for IMAP and SMTP."""

    address: str
    password: Annotated[str, Field(min_length=1)]


class Authentication(_Payload):
    """The receiving server's verdict on the sender."""

    spf: Verdict = "pass"
    dkim: Verdict = "pass"
    dmarc: Verdict = "pass"


class DeliverPayload(_Payload):
    """POST deliver: one letter from outside into one or more mailboxes."""

    to: str | list[str]
    raw_base64: Base64Bytes
    authentication: Authentication | None = None
    authserv_id: str = AUTHSERV_ID
    mail_from: str | None = None
    """Envelope sender; None: the address in the From header; "" is the null sender of bounces."""
    folder: str = "INBOX"
    flags: list[Flag] = []
    received_at: datetime | None = None
    exact: bool = False
    """True: store the bytes as they are, with no trace headers (what an agent's own program appends)."""

    @property
    def recipients(self) -> list[str]:
        """The mailboxes."""
        return [self.to] if isinstance(self.to, str) else self.to


class OldLetter(_Payload):
    """One letter of POST deliver-many, stored as it is."""

    raw_base64: Base64Bytes
    received_at: datetime | None = None
    flags: list[Flag] = ["\\Seen"]


class Generate(_Payload):
    """Ask the sandbox to write the letters itself, spread evenly from `first` to `last`."""

    count: Annotated[int, Field(ge=1, le=100_000)]
    first: datetime = datetime(2021, 1, 1, tzinfo=UTC)
    last: datetime = datetime(2025, 12, 31, tzinfo=UTC)
    seen: bool = True


class DeliverManyPayload(_Payload):
    """POST deliver-many: history in a mailbox, either given letter by letter or generated."""

    to: str
    folder: str = "INBOX"
    letters: list[OldLetter] = []
    generate: Generate | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> DeliverManyPayload:
        if bool(self.letters) == (self.generate is not None):
            raise ValueError("give either letters or generate")
        return self


class FaultPayload(_Payload):
    """POST faults: what goes wrong, where, for whom, how often."""

    server: Server
    stage: Stage
    action: Action
    code: Annotated[int, Field(ge=400, le=599)] = 451
    text: str = ""
    seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    address: str | None = None
    times: Annotated[int, Field(ge=1)] | None = 1

    @model_validator(mode="after")
    def _fits(self) -> FaultPayload:
        stages = SMTP_STAGES if self.server == "smtp" else IMAP_STAGES
        if self.stage not in stages:
            raise ValueError(f"{self.server} has the stages {', '.join(sorted(stages))}")
        allowed = {"message": _AFTER_CONTENT, "login": _LOGIN}.get(self.stage, _LINE)
        if self.action not in allowed:
            raise ValueError(f"{self.server} {self.stage} can {', '.join(sorted(allowed))}")
        if self.server == "imap" and self.stage == "connect" and self.address is not None:
            raise ValueError("before the login nobody knows whose connection it is: leave out address")
        if any(character in self.text for character in "\r\n"):
            raise ValueError("text must be one line")
        return self


class FolderPayload(_Payload):
    """POST imap/uidvalidity: which folder gets a new UIDVALIDITY."""

    address: str
    folder: str = "INBOX"


class DropPayload(_Payload):
    """POST imap/drop: whose sessions end; without an address every connection is cut."""

    address: str | None = None

"""What outlives the sandbox's process: accounts, letters and the record of accepted mail, as files."""

from __future__ import annotations

import base64
import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, TypeAdapter


@dataclass(frozen=True)
class AcceptedMail:
    """One DATA that the server took responsibility for, byte by byte."""

    number: int
    accepted_at: datetime
    user: str
    mail_from: str
    recipients: tuple[str, ...]
    raw: bytes
    answered: bool
    """False when the fault "accepted, answer lost" kept the 250 from the sender."""


class Records:
    """Everything under `state_dir/mail-records`; `open` reads what an earlier run left there."""

    def __init__(self) -> None:
        self.accepted: list[AcceptedMail] = []
        self.passwords: dict[str, str] = {}
        self._folder = Path()

    def open(self, state_dir: Path) -> None:
        """Use this state folder."""
        self._folder = state_dir / "mail-records"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.accepted[:] = _read_journal(self._journal)
        self.passwords = (
            _PASSWORDS.validate_json(self._accounts.read_bytes()) if self._accounts.exists() else {}
        )

    def keep_passwords(self) -> None:
        """Write all accounts."""
        fresh = self._accounts.with_suffix(".new")
        fresh.write_bytes(_PASSWORDS.dump_json(self.passwords))
        fresh.replace(self._accounts)

    def keep_accepted(self, mail: AcceptedMail) -> None:
        """Append one letter to the record."""
        self.accepted.append(mail)
        line = _JournalLine.model_validate({**asdict(mail), "raw": base64.b64encode(mail.raw).decode()})
        with self._journal.open("a") as journal:
            journal.write(line.model_dump_json() + "\n")

    def forget_accepted(self) -> None:
        """Begin an empty record."""
        self.accepted.clear()
        self._journal.unlink(missing_ok=True)

    def take_letters(self, target: Path, left_over: Path) -> None:
        """Move the mailboxes of the last run to where Dovecot serves them: a killed run's, else the stored ones."""
        for source in (left_over, self._letters):
            if source.is_dir():
                shutil.move(source, target)
                return

    def store_letters(self, source: Path) -> None:
        """Move the mailboxes into the state folder."""
        if source.is_dir():
            shutil.rmtree(self._letters, ignore_errors=True)
            shutil.move(source, self._letters)

    @property
    def _accounts(self) -> Path:
        return self._folder / "accounts.json"

    @property
    def _journal(self) -> Path:
        return self._folder / "accepted.jsonl"

    @property
    def _letters(self) -> Path:
        return self._folder / "letters"


_PASSWORDS = TypeAdapter(dict[str, str])


class _JournalLine(BaseModel):
    number: int
    accepted_at: datetime
    user: str
    mail_from: str
    recipients: tuple[str, ...]
    raw: str
    answered: bool

    def mail(self) -> AcceptedMail:
        return AcceptedMail(
            number=self.number,
            accepted_at=self.accepted_at,
            user=self.user,
            mail_from=self.mail_from,
            recipients=self.recipients,
            raw=base64.b64decode(self.raw),
            answered=self.answered,
        )


def _read_journal(path: Path) -> list[AcceptedMail]:
    if not path.exists():
        return []
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if whole != content:  # killed in the middle of a line
        path.write_bytes(whole)
    return [_JournalLine.model_validate_json(line).mail() for line in whole.splitlines()]

"""The mailboxes: who has one, and the Maildir folders that Dovecot serves.

Letters are written as Maildir files (into tmp/, then renamed): that is a delivery as real as LMTP's
for the IMAP side, sets the time of arrival freely, and takes 5,000 letters in a second or two.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sandbox.mail.records import Records

FOLDERS = ("INBOX", "Sent", "Drafts")

_ADDRESS = re.compile(r"[a-z0-9._+-]+@[a-z0-9.-]+")
_FOLDER = re.compile(r"[A-Za-z0-9 _-]+")
_FLAGS = {"D": "\\Draft", "F": "\\Flagged", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}


@dataclass(frozen=True)
class Owner:
    """The system user whose files Dovecot serves: ourselves, or nobody when we are root."""

    user: str
    group: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Letter:
    """What is to be put into a folder."""

    raw: bytes
    received_at: datetime | None = None
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True)
class StoredLetter:
    """What lies in a folder."""

    raw: bytes
    received_at: datetime
    flags: tuple[str, ...]


class NoSuchMailbox(LookupError):
    """The address has no mailbox here."""


class Mailboxes:
    """Accounts in the records, letters under one root folder, one Maildir per address."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._root = Path()
        self._owner: Owner | None = None
        self._last_microsecond = 0

    def open(self, root: Path, owner: Owner) -> None:
        """Use this folder, with whatever an earlier run left in it."""
        self._root, self._owner = root, owner
        for path in (root, *root.rglob("*")):
            self._give_away(path)

    def create(self, address: str, password: str) -> None:
        """Give the address a mailbox with INBOX, Sent and Drafts, or an existing one a new password."""
        address = address.lower()
        if not _ADDRESS.fullmatch(address):
            raise ValueError(
                f"{address!r} is no address for a mailbox: use lower-case ASCII like eva@example.test"
            )
        for folder in FOLDERS:
            self._make_folder(address, folder)
        self._records.passwords[address] = password
        self._records.keep_passwords()

    def remove_all(self) -> None:
        """Delete every mailbox and what is in it."""
        for address in self._records.passwords:
            _empty(self._root / address)
        self._records.passwords.clear()
        self._records.keep_passwords()

    def addresses(self) -> list[str]:
        """Every address that has a mailbox."""
        return sorted(self._records.passwords)

    def has(self, address: str) -> bool:
        """Whether letters to this address stay here."""
        return address.lower() in self._records.passwords

    def password(self, address: str) -> str | None:
        """The password, or None for an unknown address."""
        return self._records.passwords.get(address.lower())

    def password_fits(self, address: str, password: str) -> bool:
        """Whether this is the mailbox's password."""
        return self.password(address) == password

    def put(self, address: str, folder: str, letters: Iterable[Letter]) -> int:
        """Put letters into a folder, in this order, and return how many."""
        target = self._folder(address, folder)
        if not target.is_dir():
            self._make_folder(address.lower(), folder)
        return sum(self._put_one(target, letter) for letter in letters)

    def letters(self, address: str, folder: str) -> list[StoredLetter]:
        """What lies in a folder, oldest delivery first."""
        folder_path = self._folder(address, folder)
        if not folder_path.is_dir():
            raise NoSuchMailbox(f"{address} has no folder {folder}")
        for _ in range(20):
            try:
                return [_read(path) for path in _paths(folder_path)]
            except FileNotFoundError:
                continue  # Dovecot renamed a file between our listing and our reading it
        raise OSError(f"{address}/{folder} keeps changing while it is read; try again")

    def forget_uids(self, address: str, folder: str) -> None:
        """Delete Dovecot's record of UIDs: the folder gets a new UIDVALIDITY when next opened."""
        for path in self._folder(address, folder).glob("dovecot*"):
            # dovecot-uidvalidity stays: it makes sure that the new value is another one.
            if path.name == "dovecot-uidlist" or path.name.startswith("dovecot.index"):
                path.unlink(missing_ok=True)

    def _folder(self, address: str, folder: str) -> Path:
        if not self.has(address):
            raise NoSuchMailbox(
                f"{address} has no mailbox here; create it with POST /_sandbox/mail/mailboxes"
            )
        return self._path(address.lower(), folder)

    def _path(self, address: str, folder: str) -> Path:
        if not _FOLDER.fullmatch(folder):
            raise NoSuchMailbox(f"{folder!r} is no name of a folder here")
        return self._root / address / ("" if folder == "INBOX" else f".{folder}")

    def _make_folder(self, address: str, folder: str) -> None:
        path = self._path(address, folder)
        for made in (self._root / address, path, path / "tmp", path / "new", path / "cur"):
            made.mkdir(exist_ok=True)
            self._give_away(made)

    def _put_one(self, folder: Path, letter: Letter) -> int:
        name = self._unique_name(len(letter.raw))
        draft = folder / "tmp" / name
        draft.write_bytes(letter.raw)
        self._give_away(draft)
        if letter.received_at is not None:
            moment = letter.received_at.timestamp()
            os.utime(draft, (moment, moment))
        if letter.flags:
            draft.rename(folder / "cur" / f"{name}:2,{_letters_of(letter.flags)}")
        else:
            draft.rename(folder / "new" / name)
        return 1

    def _unique_name(self, size: int) -> str:
        # Dovecot numbers new files by the time in their name, so it always rises.
        self._last_microsecond = max(self._last_microsecond + 1, time.time_ns() // 1000)
        seconds, micros = divmod(self._last_microsecond, 1_000_000)
        return f"{seconds}.M{micros:06}P{os.getpid()}.sandbox,S={size}"

    def _give_away(self, path: Path) -> None:
        if self._owner is not None and self._owner.uid != os.geteuid():
            os.chown(path, self._owner.uid, self._owner.gid)


def _empty(mailbox: Path) -> None:
    # dovecot-uidvalidity stays, so that a mailbox made anew is not taken for the old one.
    for entry in mailbox.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        elif not entry.name.startswith("dovecot-uidvalidity"):
            entry.unlink(missing_ok=True)


def _paths(folder: Path) -> Sequence[Path]:
    found = [path for part in ("new", "cur") for path in (folder / part).iterdir()]
    return sorted(found, key=_delivery_time)


def _delivery_time(path: Path) -> tuple[int, int, str]:
    seconds, _, rest = path.name.partition(".M")
    micros = re.match(r"\d+", rest)
    return int(seconds) if seconds.isdigit() else 0, int(micros.group()) if micros else 0, path.name


def _read(path: Path) -> StoredLetter:
    marks = path.name.partition(":2,")[2]
    return StoredLetter(
        raw=path.read_bytes(),
        received_at=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        flags=tuple(_FLAGS[mark] for mark in marks if mark in _FLAGS),
    )


def _letters_of(flags: Iterable[str]) -> str:
    return "".join(sorted(mark for mark, flag in _FLAGS.items() if flag in flags))

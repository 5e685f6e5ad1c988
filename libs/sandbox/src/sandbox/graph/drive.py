"""A drive in memory: a tree of folders and files with ids, as OneDrive keeps it."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Literal

ConflictBehavior = Literal["fail", "rename", "replace"]
_FORBIDDEN = re.compile(r'["*:<>?/\\|]')
_LONGEST_NAME = 255


class BadName(ValueError):
    """A name OneDrive does not take."""


class NameTaken(Exception):
    """The folder already has an item of this name."""


class NoSuchItem(LookupError):
    """There is no item of this id or path."""


@dataclass
class Item:
    """A folder (content is None) or a file."""

    id: str
    name: str
    parent_id: str | None
    content: bytes | None = None
    version: int = 1
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    links: dict[str, dict[str, object]] = field(default_factory=dict[str, dict[str, object]])
    media_type: str = "application/octet-stream"

    @property
    def sha256(self) -> str:
        """The content's digest as Graph writes it."""
        return hashlib.sha256(self.content or b"").hexdigest().upper()


@dataclass
class Drive:
    """One user's OneDrive."""

    id: str
    owner: str
    items: dict[str, Item] = field(default_factory=dict[str, Item])

    @property
    def root(self) -> Item:
        """The top folder."""
        return self.items["root"]

    def get(self, item_id: str) -> Item:
        """The item of this id, or NoSuchItem."""
        try:
            return self.items[item_id]
        except KeyError:
            raise NoSuchItem(item_id) from None

    def children(self, folder: Item) -> list[Item]:
        """What lies in a folder, by name."""
        found = [item for item in self.items.values() if item.parent_id == folder.id]
        return sorted(found, key=lambda item: item.name.casefold())

    def child(self, folder: Item, name: str) -> Item | None:
        """The item of this name in a folder; names are compared without case."""
        return next((item for item in self.children(folder) if item.name.casefold() == name.casefold()), None)

    def at(self, start: Item, path: str) -> Item:
        """The item at a path below `start`, or NoSuchItem."""
        found = start
        for name in _parts(path):
            below = self.child(found, name)
            if below is None:
                raise NoSuchItem(path)
            found = below
        return found

    def folder_for(self, start: Item, path: str) -> tuple[Item, str]:
        """The folder a file at `path` belongs in, made where missing, and the file's name."""
        *above, name = _parts(path)
        folder = start
        for part in above:
            folder = self.child(folder, part) or self.make_folder(folder, part, "fail")
        return folder, checked(name)

    def make_folder(self, parent: Item, name: str, on_clash: ConflictBehavior) -> Item:
        """A folder in `parent`; `replace` is not for folders and fails."""
        checked(name)
        if self.child(parent, name) is not None:
            if on_clash != "rename":
                raise NameTaken(name)
            name = self.free_name(parent, name)
        return self._add(name, parent, None)

    def put_file(
        self, parent: Item, name: str, content: bytes, on_clash: ConflictBehavior, media_type: str
    ) -> tuple[Item, bool]:
        """A file in `parent`, and whether it is a new one."""
        taken = self.child(parent, checked(name))
        if taken is None or on_clash == "rename":
            free = name if taken is None else self.free_name(parent, name)
            item = self._add(free, parent, content)
            item.media_type = media_type
            return item, True
        if on_clash == "fail" or taken.content is None:
            raise NameTaken(name)
        taken.content, taken.modified, taken.version = content, datetime.now(UTC), taken.version + 1
        return taken, False

    def free_name(self, parent: Item, name: str) -> str:
        """`a.pdf` → `a 1.pdf`, the first that is not taken."""
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
        number = 1
        while self.child(parent, f"{stem} {number}{suffix}") is not None:
            number += 1
        return f"{stem} {number}{suffix}"

    def remove(self, item: Item) -> None:
        """Delete an item and what lies below it."""
        for below in self.children(item):
            self.remove(below)
        del self.items[item.id]

    def path_of(self, item: Item) -> str:
        """`/A/B/c.pdf`; the root is empty."""
        if item.parent_id is None:
            return ""
        return f"{self.path_of(self.items[item.parent_id])}/{item.name}"

    def _add(self, name: str, parent: Item, content: bytes | None) -> Item:
        item = Item(f"01{secrets.token_hex(16).upper()}", name, parent.id, content)
        self.items[item.id] = item
        return item


def new_drive(owner: str) -> Drive:
    """An empty drive, its id derived from the owner so that it is the same after a restart."""
    drive = Drive(f"b!{hashlib.sha256(owner.casefold().encode()).hexdigest()[:40]}", owner)
    drive.items["root"] = Item("root", "root", None)
    return drive


def checked(name: str) -> str:
    """The name, when OneDrive takes it."""
    if not name or len(name) > _LONGEST_NAME or _FORBIDDEN.search(name) or name in (".", ".."):
        raise BadName(name)
    return name


def _parts(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    if not parts:
        raise BadName(path)
    return [checked(part) for part in parts]

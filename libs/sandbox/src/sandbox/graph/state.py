"""What the simulated Graph knows: drives by owner, upload sessions, tokens."""

import base64
from dataclasses import dataclass, field
from datetime import timedelta

from sandbox.graph.drive import Drive, Item, new_drive
from sandbox.graph.tokens import Tokens
from sandbox.graph.uploads import UploadSessions
from sandbox.wire import JsonObject, as_number, as_object, as_objects, as_text, as_texts


@dataclass
class GraphState:
    """Everything but the wire."""

    drives: dict[str, Drive] = field(default_factory=dict[str, Drive])
    users: set[str] = field(default_factory=set[str])
    uploads: UploadSessions = field(default_factory=UploadSessions)
    tokens: Tokens = field(default_factory=Tokens)
    anonymous_links_disabled: bool = False

    def drive_of(self, user: str) -> Drive | None:
        """A user's drive, made when first asked for; with seeded users, only theirs."""
        owner = user.casefold()
        if self.users and owner not in self.users:
            return None
        return self.drives.setdefault(owner, new_drive(owner))

    def drive(self, drive_id: str) -> Drive | None:
        """The drive of this id."""
        return next((drive for drive in self.drives.values() if drive.id == drive_id), None)

    def seed(self, data: JsonObject) -> None:
        """Users, clients, lifetimes, and files that are already there."""
        self.tokens.seed(data)
        self.users |= {user.casefold() for user in as_texts(data.get("users"))}
        if "session_lifetime_seconds" in data:
            self.uploads.lifetime = timedelta(seconds=as_number(data["session_lifetime_seconds"]))
        if "anonymous_links_disabled" in data:
            self.anonymous_links_disabled = data["anonymous_links_disabled"] is True
        for wanted in as_objects(data.get("files")):
            drive = self.drive_of(as_text(wanted.get("user")))
            if drive is not None:
                folder, name = drive.folder_for(drive.root, as_text(wanted.get("path")))
                drive.put_file(folder, name, base64.b64decode(as_text(wanted.get("content"))), "replace", "")

    def snapshot(self) -> JsonObject:
        """Every folder and file: user → list of path, size, digest."""
        return {
            owner: [_shown(drive, item) for item in drive.items.values() if item.parent_id]
            for owner, drive in self.drives.items()
        }

    def dump(self) -> JsonObject:
        """Every item with its content."""
        return {
            "drives": {o: [_kept(i) for i in d.items.values() if i.parent_id] for o, d in self.drives.items()}
        }

    def load(self, data: JsonObject) -> None:
        """Take back what dump gave."""
        for owner, items in as_object(data.get("drives")).items():
            drive = self.drives.setdefault(owner, new_drive(owner))
            for kept in as_objects(items):
                content = kept.get("content")
                item = Item(
                    as_text(kept["id"]),
                    as_text(kept["name"]),
                    as_text(kept["parent"]),
                    base64.b64decode(as_text(content)) if content is not None else None,
                )
                drive.items[item.id] = item


def _shown(drive: Drive, item: Item) -> JsonObject:
    shown: JsonObject = {"id": item.id, "path": drive.path_of(item), "kind": "folder"}
    if item.content is not None:
        shown |= {"kind": "file", "size": len(item.content), "sha256": item.sha256.lower()}
    return shown


def _kept(item: Item) -> JsonObject:
    content = base64.b64encode(item.content).decode() if item.content is not None else None
    return {"id": item.id, "name": item.name, "parent": item.parent_id, "content": content}

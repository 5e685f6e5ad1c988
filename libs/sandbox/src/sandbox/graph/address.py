"""Reading Graph's paths: which drive, which item, what to do with it."""

import re
from dataclasses import dataclass
from typing import Literal

_OWNER = re.compile(r"^(?:users/(?P<user>[^/]+)/drive|drives/(?P<drive>[^/]+))(?:/(?P<rest>.+))?$")
_ANCHOR = re.compile(r"^(?:root|items/(?P<id>[^/:]+))(?P<rest>(?:[:/].*)?)$")


class NotAnAddress(ValueError):
    """The path is none of a drive's."""


@dataclass(frozen=True)
class Address:
    """What a path says; `item_id` None is the drive itself, `path` starts at the item."""

    owner_kind: Literal["user", "drive"]
    owner: str
    item_id: str | None
    path: str | None
    action: str


def parse(path: str) -> Address:
    """`users/a@b/drive/root:/A/c.pdf:/content` → its parts."""
    found = _OWNER.match(path.strip("/"))
    if not found:
        raise NotAnAddress(path)
    kind: Literal["user", "drive"] = "user" if found["user"] else "drive"
    owner, rest = found["user"] or found["drive"], found["rest"]
    if rest is None:
        return Address(kind, owner, None, None, "")
    anchor = _ANCHOR.match(rest)
    if not anchor:
        raise NotAnAddress(path)
    below, action = _below(anchor["rest"])
    return Address(kind, owner, anchor["id"] or "root", below, action)


def _below(rest: str) -> tuple[str | None, str]:
    """`:/A/c.pdf:/content` → path and action; `/children` → action alone."""
    if not rest.startswith(":"):
        return None, rest.strip("/")
    path, closed, action = rest.removeprefix(":").rpartition(":/")
    if not closed:
        return rest.removeprefix(":").removesuffix(":").strip("/"), ""
    return path.strip("/"), action.strip("/")

"""What the verifiers have in common: comparing in constant time, and reading what was signed."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from typing import TypeVar, cast
from urllib.parse import parse_qsl
from uuid import uuid4

from contracts.tenants.hooks import HookSettings
from gateway.application.ports import Incoming, SignatureRefused, SignedHeaders
from gateway.domain.hook import Hook

MOST_FIELDS = 500
Settings = TypeVar("Settings", bound=HookSettings)


class PostOnly:
    """What is so of most senders."""

    kept_headers: tuple[str, ...] = ()
    methods: frozenset[str] = frozenset({"POST"})
    most_bytes: int | None = None
    secret_is_public: bool = False


def fits(expected: Iterable[bytes], given: Sequence[bytes]) -> bool:
    """Whether any given signature is one of those expected.

    Every pair is compared, in constant time, so that the time tells nothing of which fits.
    """
    matches = 0
    for one in expected:
        for other in given:
            matches |= hmac.compare_digest(one, other)
    return bool(matches)


def only(headers: SignedHeaders, name: str) -> str:
    """The value of a header that must be there once. Raises `SignatureRefused`."""
    values = headers.getlist(name)
    if len(values) != 1:
        raise SignatureRefused(f"the header {name} must be there once")
    return values[0]


def latin(text: str) -> bytes:
    """A header's value as it stood on the wire."""
    return text.encode("latin-1", "replace")


def settings_of(hook: Hook, kind: type[Settings]) -> Settings:
    """A hook's settings in the form of its kind. Raises `SignatureRefused`: without them nobody is let in."""
    if not isinstance(hook.settings, kind):
        raise SignatureRefused("the hook's settings are not those of its kind: set it anew")
    return hook.settings


def form(raw: bytes) -> list[tuple[str, str]]:
    """The fields of a form or a query, in their order. Raises `SignatureRefused`."""
    try:
        text = raw.decode("ascii")
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise SignatureRefused("this is no form in UTF-8 with at most 500 fields") from error


def from_query(incoming: Incoming, name: str) -> str | None:
    """A field of the query; None when it is not there once."""
    values = [value for field, value in form(incoming.query) if field == name]
    return values[0] if len(values) == 1 else None


def json_of(body: bytes) -> object:
    """The JSON value of a body; None when it is none, or nested beyond reading."""
    try:
        return cast(object, json.loads(body))
    except (ValueError, RecursionError):
        return None


def json_object(body: bytes) -> dict[str, object]:
    """The JSON object of a body; empty when it is none."""
    value = json_of(body)
    return cast(dict[str, object], value) if isinstance(value, dict) else {}


def text_of(fields: dict[str, object], name: str) -> str:
    """A text field of a JSON object; empty when it is none."""
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def body_id(body: bytes) -> str:
    """A delivery id for what has none of its own: the hash of its raw body."""
    return hashlib.sha256(body).hexdigest()


def short_id(name: str, body: bytes) -> str:
    """A signed name as delivery id; what is empty or too long for one gives way to the hash of the body."""
    return name if 0 < len(name) <= 200 and name.isprintable() else body_id(body)


def hint_id(body: bytes) -> str:
    """A delivery id for a mere hint, which says "read again" in the same words each time: no two are the same one.

    If it were known by its body, a second change of the same record would be swallowed; within whatever time, if the
    first was read already. A hint too many costs one reading.
    """
    return f"{body_id(body)[:32]}:{uuid4().hex}"

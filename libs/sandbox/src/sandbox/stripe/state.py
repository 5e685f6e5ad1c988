"""Stripe's account in memory: its objects, its time, the events that its changes make."""

from __future__ import annotations

import contextlib
import copy
import itertools
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from sandbox.stripe.errors import missing_resource
from sandbox.stripe.timeline import Timeline

Json = dict[str, Any]
"""An object of Stripe's interface: its shape is the vendor's, and its own code reads it by name."""

API_VERSION = "2026-10-28.endive"
_WORDS = {
    "customer": "customer", "price": "price", "product": "product", "subscription": "subscription",
    "invoice": "invoice", "invoiceitem": "invoiceitem", "payment_method": "PaymentMethod", "event": "event",
    "checkout.session": "checkout.session", "billing.meter": "billing meter", "payment_intent": "payment_intent",
}  # fmt: skip


@dataclass
class Settings:
    """What a test may set, beside what Stripe's own dashboard lets one set."""

    keys: set[str] = field(default_factory=set[str])
    requests_per_second: int | None = None
    work_seconds: float = 0.0
    retry_days: tuple[int, ...] = (3, 5, 7)
    after_retries: str = "cancel"
    webhook_retry_seconds: tuple[float, ...] = (1.0, 5.0, 30.0, 300.0)


class Account:
    """One Stripe account in test mode."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.tables: dict[str, dict[str, Json]] = {}
        self.meter_events: dict[str, list[Json]] = {}
        self.clocks: dict[str, Timeline] = {}
        self.own_clock = Timeline(int(time.time()))
        self.clock_offset = 0
        self.request: Json = {"id": None, "idempotency_key": None}
        self.announce: Callable[[Json], None] = _nobody_listens
        self.later: Callable[[Callable[[], None]], None] = _at_once
        self._numbers = itertools.count(1)
        self._salt = secrets.token_hex(4)

    # -- objects

    def new_id(self, prefix: str) -> str:
        """A fresh id that sorts by its creation."""
        return f"{prefix}_{self._salt}{next(self._numbers):010d}"

    def keep(self, record: Json) -> Json:
        """Take a new object in."""
        self.tables.setdefault(record["object"], {})[record["id"]] = record
        return record

    def get(self, kind: str, object_id: str, param: str = "id") -> Json:
        """An object that is not deleted. Raises 404, or 400 when another parameter than the path's named it."""
        found = self.tables.get(kind, {}).get(object_id)
        if found is None or found.get("deleted"):
            raise missing_resource(_WORDS.get(kind, kind), object_id, param)
        return found

    def all(self, kind: str) -> list[Json]:
        """The objects of a kind, oldest first, without the deleted ones."""
        return [record for record in self.tables.get(kind, {}).values() if not record.get("deleted")]

    def find(self, object_id: str) -> Json | None:
        """Whatever has this id."""
        for table in self.tables.values():
            if object_id in table:
                return table[object_id]
        return None

    # -- time

    def timeline(self, test_clock: str | None) -> Timeline:
        """The time of a test clock's objects, or of all others."""
        return self.own_clock if test_clock is None else self.clocks[test_clock]

    def timeline_of(self, record: Json) -> Timeline:
        """The time in which an object of a customer lives."""
        return self.timeline(record.get("test_clock"))

    def tick(self) -> None:
        """Let the account's own clock go on to the present."""
        self.own_clock.advance(int(time.time()) + self.clock_offset)

    def now(self, record: Json | None = None) -> int:
        """The second it is, for this object."""
        return self.own_clock.now if record is None else self.timeline_of(record).now

    # -- events

    def emit(self, kind: str, record: Json, previous: Json | None = None) -> Json:
        """Make an event of an object as it is now."""
        data: Json = {"object": visible(record)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": self.new_id("evt"), "object": "event", "api_version": API_VERSION, "created": self.now(record),
            "data": data, "livemode": False, "pending_webhooks": 0, "request": dict(self.request), "type": kind,
        }  # fmt: skip
        self.keep(event)
        self.announce(event)
        return event

    @contextlib.contextmanager
    def changing(self, record: Json, kind: str) -> Iterator[Json]:
        """Change an object within the block; afterwards there is an event with what was there before, if anything changed."""
        before = copy.deepcopy(record)
        yield record
        previous = _previous(before, record)
        if previous:
            self.emit(kind, record, previous)


def visible(record: Json) -> Json:
    """A copy of an object without what is the sandbox's own: names that begin with an underscore."""
    return {name: _seen(value) for name, value in record.items() if not name.startswith("_")}


def _seen(value: Any) -> Any:
    if isinstance(value, dict):
        return visible(cast("Json", value))
    if isinstance(value, list):
        return [_seen(element) for element in cast("list[Any]", value)]
    return value


def list_of(data: list[Json], url: str) -> Json:
    """A list inside an object."""
    return {"object": "list", "data": data, "has_more": False, "total_count": len(data), "url": url}


def _previous(before: Json, after: Json) -> Json:
    """The old values of what differs; inside objects only what differs there, lists as a whole."""
    previous: Json = {}
    for name in {**before, **after}:
        old, new = before.get(name), after.get(name)
        if old == new or name.startswith("_"):
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            previous[name] = _previous(old, new)
        else:
            previous[name] = old
    return previous


def _at_once(work: Callable[[], None]) -> None:
    """Before there is a loop that does it after the answer."""
    work()


def _nobody_listens(_event: Json) -> None:
    """Before the deliveries are connected."""

"""Sending events to webhook endpoints: signed, again until they are taken, and in the ways that a test asks for."""

from __future__ import annotations

import asyncio
import copy
import fnmatch
import itertools
import json
import time
from collections.abc import Coroutine
from dataclasses import dataclass, field

import httpx

from sandbox.stripe.events import version_of
from sandbox.stripe.state import Account, Json
from sandbox.stripe.versions import as_of
from sandbox.webhooks import stripe
from sandbox.webhooks.request import Wish
from sandbox.wire import JsonObject

_TIMEOUT_SECONDS = 20.0


@dataclass
class Delivery:
    """One event on its way to one endpoint, with every answer so far."""

    number: int
    event: Json
    endpoint: Json
    attempts: list[JsonObject] = field(default_factory=list[JsonObject])
    state: str = "pending"
    api_version: str | None = None

    def as_json(self) -> JsonObject:
        """The delivery as the control plane lists it."""
        return {
            "number": self.number, "event": self.event["id"], "type": self.event["type"],
            "endpoint": self.endpoint["id"], "url": self.endpoint["url"], "state": self.state,
            "attempts": list(self.attempts),
        }  # fmt: skip


@dataclass
class Manner:
    """How deliveries are made from now on."""

    held: bool = False
    twice: bool = False
    delay_seconds: float = 0.0
    api_version: str | None = None


class Courier:
    """Takes an account's events to its endpoints, in tasks of their own."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.manner = Manner()
        self.deliveries: list[Delivery] = []
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx.AsyncClient | None = None
        account.announce = self.announce

    def announce(self, event: Json) -> None:
        """Send an event to every endpoint that wants its type, unless deliveries are held."""
        for endpoint in self.account.all("webhook_endpoint"):
            if endpoint["status"] == "enabled" and _wants(endpoint, event["type"]):
                event["pending_webhooks"] += 1
                delivery = Delivery(next(self._numbers), event, endpoint, api_version=self.manner.api_version)
                self.deliveries.append(delivery)
                if self.manner.held:
                    delivery.state = "held"
                else:
                    self.send(delivery, times=2 if self.manner.twice else 1)

    def release(self, order: str) -> int:
        """Send what was held: in its order, `reversed`, or `dropped` for ever. Gives back how many there were."""
        held = [delivery for delivery in self.deliveries if delivery.state == "held"]
        if order == "dropped":
            for delivery in held:
                delivery.state = "dropped"
            return len(held)
        ordered = list(reversed(held)) if order == "reversed" else held
        self._start(self._one_after_another(ordered))
        return len(held)

    def again(self, event_id: str) -> int:
        """Send an event once more to everybody who got it."""
        known = [delivery for delivery in self.deliveries if delivery.event["id"] == event_id]
        for delivery in known:
            self.send(delivery)
        return len(known)

    def send(self, delivery: Delivery, times: int = 1) -> None:
        """Deliver in the background."""
        for _ in range(times):
            self._start(self._deliver(delivery))

    def forget(self) -> None:
        """Stop everything that is on its way."""
        for task in self._tasks:
            task.cancel()
        self.deliveries.clear()
        self.manner = Manner()

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _one_after_another(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            delivery.state = "pending"
            await self._deliver(delivery)

    async def _deliver(self, delivery: Delivery) -> None:
        await asyncio.sleep(self.manner.delay_seconds)
        for pause in (*self.account.settings.webhook_retry_seconds, None):
            if await self._attempt(delivery):
                return
            if pause is None:
                break
            await asyncio.sleep(pause)
        delivery.state = "failed"

    async def _attempt(self, delivery: Delivery) -> bool:
        version = delivery.api_version or version_of(delivery.endpoint)
        body = json.dumps(as_of(version, copy.deepcopy(delivery.event)), indent=2).encode()
        wish = Wish({"url": delivery.endpoint["url"], "secret": delivery.endpoint["_secret"]}, body)
        outgoing = stripe.signed(wish)
        attempt: JsonObject = {"at": time.time()}
        try:
            if self._client is None:
                self._client = httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False)
            answer = await self._client.post(outgoing.url, content=outgoing.body, headers=outgoing.headers)
            attempt |= {"status": answer.status_code, "body": answer.text[:1000]}
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            attempt |= {"status": None, "error": repr(error)}
        delivery.attempts.append(attempt)
        status = attempt["status"]
        taken = isinstance(status, int) and 200 <= status < 300
        if taken and delivery.state != "delivered":
            delivery.state = "delivered"
            delivery.event["pending_webhooks"] = max(0, delivery.event["pending_webhooks"] - 1)
        return taken


def _wants(endpoint: Json, kind: str) -> bool:
    return any(fnmatch.fnmatchcase(kind, wanted) for wanted in endpoint["enabled_events"])

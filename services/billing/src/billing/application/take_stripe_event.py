"""Take an event of Stripe's as a hint where to look: the object is fetched as it is now, and its state replaces ours.

So neither order nor repetition nor the version of the interface that an event was written in makes a difference.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from billing.application.mirror_stripe import Mirror
from billing.application.ports import Books, Clock, TakenEvent
from billing.application.stripe_ports import Payments, Whereabouts

CARED_FOR = frozenset({"customer", "subscription", "invoice", "checkout.session", "credit_note"})
"""The kinds of objects that a company's books hang on; what else Stripe tells is for others."""


class BadEvent(Exception):
    """A body that is no event of Stripe's; the message says why."""


class _Object(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str | None = None
    kind: str = Field(default="", validation_alias="object")
    customer: str | dict[str, JsonValue] | None = None


class _Data(BaseModel):
    model_config = ConfigDict(extra="ignore")

    about: _Object = Field(validation_alias="object")


class _Event(BaseModel):
    """All of an event that is read: ids. Every version of Stripe's interface has them in these places."""

    model_config = ConfigDict(extra="ignore")

    id: str
    type: str
    api_version: str | None = None
    data: _Data


@dataclass(frozen=True, slots=True)
class Hint:
    """What an event is about."""

    event_id: str
    type: str
    kind: str
    object_id: str
    api_version: str | None
    customer_id: str | None


def hint_of(body: bytes) -> Hint:
    """Read an event's ids, whatever version it is of. Raises `BadEvent`."""
    try:
        event = _Event.model_validate(json.loads(body))
    except (ValueError, ValidationError) as error:
        raise BadEvent("the body is no event of Stripe's: it has no id, type and object") from error
    found = event.data.about
    customer = found.customer.get("id") if isinstance(found.customer, dict) else found.customer
    if found.kind == "customer":
        customer = found.id
    kind = found.kind or event.type.partition(".")[0]
    return Hint(
        event.id, event.type, kind, found.id or "", event.api_version, str(customer) if customer else None
    )


class TakeStripeEvent:
    """Events of customers that nobody knows are kept and told, not lost; they are looked at again by reconciliation."""

    def __init__(self, books: Books, payments: Payments, mirror: Mirror, clock: Clock) -> None:
        self._books = books
        self._payments = payments
        self._mirror = mirror
        self._clock = clock

    async def __call__(self, hint: Hint) -> str | None:
        """Take one; returns the company it was about. Raises what Stripe's failures are."""
        if hint.kind not in CARED_FOR:
            return None
        where = await self._whereabouts(hint)
        customer_id, company_id = where.customer_id if where is not None else hint.customer_id, None
        if customer_id is not None:
            async with self._books.fleet() as directory:
                company_id = await directory.company_of(customer_id)
        if company_id is None or customer_id is None:
            await self._keep_stray(hint, customer_id)
            return None
        if where is not None and where.invoice_id is not None:
            await self._mirror.invoice(company_id, where.invoice_id)
        await self._mirror.subscription(company_id, customer_id)
        async with self._books.of(company_id) as room:
            await room.companies.keep_event(company_id, _taken(hint, "applied", None, self._clock()))
        return company_id

    async def _whereabouts(self, hint: Hint) -> Whereabouts | None:
        """Whose it is: as Stripe says now, not as the event says; of what is gone only the event tells."""
        if hint.kind == "customer":
            return Whereabouts(hint.object_id)
        return await self._payments.whereabouts(hint.kind, hint.object_id)

    async def _keep_stray(self, hint: Hint, customer_id: str | None) -> None:
        note = (
            f"customer {customer_id} belongs to no company"
            if customer_id
            else f"Stripe knows no {hint.kind} of that id"
        )
        async with self._books.fleet() as directory:
            await directory.keep_stray(_taken(hint, "unknown", note, self._clock()))


def _taken(hint: Hint, state: str, note: str | None, at: datetime) -> TakenEvent:
    return TakenEvent(hint.event_id, hint.type, hint.object_id, hint.api_version, state, note, at)

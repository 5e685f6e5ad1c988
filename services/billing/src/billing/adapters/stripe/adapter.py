"""The port `Payments` at Stripe."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast

import stripe

from billing.adapters.shelf import Shelf, plan_key, usage_key
from billing.adapters.stripe.client import VENDOR, Json, asked, asked_for, failure, says_known
from billing.adapters.stripe.mapping import (
    CreditNoteForm,
    InvoiceForm,
    Item,
    LineForm,
    SubscriptionForm,
    invoice_of,
    read,
    subscription_of,
)
from billing.application.ledger_ports import MeterEvent
from billing.application.ports import Clock
from billing.application.stripe_ports import NewSession, Whereabouts
from billing.domain.invoice import Invoice
from billing.domain.plans import Catalogue
from billing.domain.subscription import Subscription
from billing.domain.units import UNITS, Unit, meter_name
from vendorkit import VendorContractBroken

_PAGE = 100


class StripePayments:
    """Everything is asked with the version of the SDK; what has an effect carries an idempotency key."""

    configured = True

    def __init__(self, client: stripe.StripeClient, catalogue: Catalogue, clock: Clock) -> None:
        self._v1 = client.v1
        self._shelf = Shelf(client)
        self._catalogue = catalogue
        self._clock = clock

    async def seed(self, catalogue: Catalogue) -> list[str]:
        """Make what is missing of products, prices and meters."""
        return await self._shelf.seed(catalogue)

    async def find_customer(self, tenant_id: str) -> str | None:
        """The customer that carries this tenant's id."""
        found = await asked(
            self._v1.customers.search_async({"query": f"metadata['tenant_id']:'{tenant_id}'"})
        )
        return str(found["data"][0]["id"]) if found["data"] else None

    async def make_customer(self, tenant_id: str, *, name: str, email: str, key: str) -> str:
        """Make a customer; the same key makes the same one."""
        made = self._v1.customers.create_async(
            {"name": name, "email": email, "metadata": {"tenant_id": tenant_id}}, {"idempotency_key": key}
        )
        return str((await asked(made))["id"])

    async def customer_is_there(self, customer_id: str) -> bool:
        """Whether there is such a customer and it was not deleted."""
        found = await asked_for(self._v1.customers.retrieve_async(customer_id))
        return found is not None and not found.get("deleted", False)

    async def open_checkout(
        self, tenant_id: str, customer_id: str, *, plan: str, price_version: str, currency: str, return_url: str, key: str
    ) -> NewSession:  # fmt: skip
        """A checkout of a plan with its metered prices."""
        wanted = await self._prices(plan, price_version, currency)
        items: list[Any] = [
            {"price": wanted[None], "quantity": 1},
            *({"price": wanted[unit]} for unit in UNITS),
        ]
        made = self._v1.checkout.sessions.create_async(
            {
                "mode": "subscription", "customer": customer_id, "line_items": items, "client_reference_id": tenant_id,
                "success_url": f"{return_url}?checkout=done", "cancel_url": f"{return_url}?checkout=left",
                "subscription_data": {"metadata": {"tenant_id": tenant_id, "plan": plan}},
            },
            {"idempotency_key": key},
        )  # fmt: skip
        return _session(await asked(made))

    async def open_portal(self, customer_id: str, *, return_url: str) -> NewSession:
        """Stripe's own page for payment details and invoices."""
        made = self._v1.billing_portal.sessions.create_async(
            {"customer": customer_id, "return_url": return_url}
        )
        return _session(await asked(made))

    async def change_plan(
        self, subscription: Subscription, *, plan: str, price_version: str, key: str
    ) -> None:
        """Change to another plan from now on, prorated; a metered item is touched only where its price is another."""
        answer = await asked(self._v1.subscriptions.retrieve_async(subscription.subscription_id))
        wanted = await self._prices(plan, price_version, subscription.currency)
        items: list[Item] = list(read(SubscriptionForm, answer).items.data)
        changes: Any = [
            {"id": item.id, "price": wanted[item.price.unit]}
            for item in items
            if item.price.id != wanted[item.price.unit]
        ]
        await asked(
            self._v1.subscriptions.update_async(
                subscription.subscription_id,
                {"items": changes, "proration_behavior": "create_prorations", "metadata": {"plan": plan}},
                {"idempotency_key": key},
            )
        )

    async def cancel(self, subscription: Subscription, *, at_period_end: bool, key: str) -> None:
        """Cancel a subscription: now with a last invoice of what was used, or at the end of what was paid for."""
        if at_period_end:
            changed = self._v1.subscriptions.update_async(
                subscription.subscription_id, {"cancel_at_period_end": True}, {"idempotency_key": key}
            )
        else:
            changed = self._v1.subscriptions.cancel_async(
                subscription.subscription_id, {"invoice_now": True, "prorate": True}, {"idempotency_key": key}
            )
        await asked(changed)

    async def subscriptions_of(self, customer_id: str) -> list[Subscription]:
        """A customer's subscriptions, newest first, ended ones too."""
        fetched_at = self._clock()
        pages = self._pages(self._v1.subscriptions.list_async, {"customer": customer_id, "status": "all"})
        return [subscription_of(read(SubscriptionForm, each), fetched_at) async for each in pages]

    async def invoice(self, invoice_id: str) -> tuple[str, Invoice] | None:
        """An invoice as it is now, and whose customer's it is."""
        answer = await asked_for(self._v1.invoices.retrieve_async(invoice_id))
        if answer is None or answer.get("deleted", False):
            return None
        return str(answer["customer"]), await self._invoice(answer)

    async def invoices_of(self, customer_id: str, *, since: datetime | None = None) -> AsyncIterator[Invoice]:
        """A customer's invoices, newest first."""
        params: Json = {"customer": customer_id}
        if since is not None:
            params["created"] = {"gte": int(since.timestamp())}
        async for each in self._pages(self._v1.invoices.list_async, params):
            yield await self._invoice(each)

    async def whereabouts(self, kind: str, object_id: str) -> Whereabouts | None:
        """Whose an object of Stripe's is; None when there is no such object."""
        ask = {
            "subscription": self._v1.subscriptions.retrieve_async, "invoice": self._v1.invoices.retrieve_async,
            "checkout.session": self._v1.checkout.sessions.retrieve_async,
            "credit_note": self._v1.credit_notes.retrieve_async,
        }.get(kind)  # fmt: skip
        answer = await asked_for(ask(object_id)) if ask is not None and object_id else None
        customer = answer.get("customer") if answer is not None else None
        if answer is None or not isinstance(customer, str):
            return None
        invoice = object_id if kind == "invoice" else answer.get("latest_invoice") or answer.get("invoice")
        return Whereabouts(customer, invoice if isinstance(invoice, str) else None)

    async def report(self, event: MeterEvent, *, customer_id: str, at: datetime) -> None:
        """Tell a meter; the same identifier counts once."""
        params: Any = {
            "event_name": meter_name(event.unit), "identifier": event.usage_id, "timestamp": int(at.timestamp()),
            "payload": {"stripe_customer_id": customer_id, "value": str(event.quantity)},
        }  # fmt: skip
        try:
            await self._v1.billing.meter_events.create_async(
                params, {"idempotency_key": f"usage-{event.usage_id}"}
            )
        except stripe.StripeError as error:
            if not says_known(error):
                raise failure(error) from error

    async def metered(
        self, customer_id: str, unit: Unit, since: datetime, until: datetime
    ) -> Mapping[datetime, int]:
        """What a meter has counted for a customer, by hour."""
        meter = await self._shelf.meter(unit)
        if meter is None:
            return {}
        params: Json = {
            "customer": customer_id, "start_time": int(since.timestamp()), "end_time": int(until.timestamp()),
            "value_grouping_window": "hour",
        }  # fmt: skip
        found: dict[datetime, int] = {}

        async def summaries(page: Any) -> object:
            return await self._v1.billing.meters.event_summaries.list_async(meter, page)

        async for each in self._pages(summaries, params):
            value = int(each["aggregated_value"])
            if value:
                found[datetime.fromtimestamp(int(each["start_time"]), UTC)] = value
        return found

    async def _invoice(self, answer: Json) -> Invoice:
        form = read(InvoiceForm, answer)
        lines = [read(LineForm, cast(Json, each)) for each in answer["lines"]["data"]]
        if answer["lines"].get("has_more", False):
            listed = self._v1.invoices.line_items

            async def more(page: Any) -> object:
                return await listed.list_async(form.id, page)

            lines = [read(LineForm, each) async for each in self._pages(more, {})]
        notes: list[CreditNoteForm] = []
        if form.pre_payment_credit_notes_amount or form.post_payment_credit_notes_amount:
            pages = self._pages(self._v1.credit_notes.list_async, {"invoice": form.id})
            notes = [read(CreditNoteForm, each) async for each in pages]
        units: dict[str, Unit | None] = {
            line.price_id: await self._shelf.unit_of(line.price_id)
            for line in lines
            if line.price_id is not None
        }
        return invoice_of(form, tuple(lines), tuple(notes), units)

    async def _prices(self, plan: str, version: str, currency: str) -> dict[Unit | None, str]:
        """The prices of a plan by unit; None is its fee."""
        wanted = self._catalogue.plan(plan)
        prices: dict[Unit | None, str] = {
            None: await self._shelf.price(plan_key(plan, currency, wanted.monthly[currency]))
        }
        for unit in UNITS:
            prices[unit] = await self._shelf.price(usage_key(wanted.price_list, version, unit, currency))
        return prices

    async def _pages(self, ask: Any, params: Json) -> AsyncIterator[Json]:
        """Every object of a list, page by page."""
        page: Json = {**params, "limit": _PAGE}
        while True:
            answer = await asked(ask(page))
            for each in answer["data"]:
                yield each
            if not answer["has_more"]:
                return
            page["starting_after"] = answer["data"][-1]["id"]


def _session(answer: Json) -> NewSession:
    if not isinstance(answer.get("url"), str):
        raise VendorContractBroken("Stripe opened a page without an address", vendor=VENDOR)
    return NewSession(str(answer["id"]), str(answer["url"]))

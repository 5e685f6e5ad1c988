"""Bring what Stripe has of a company into its books: subscription, invoices, their entries, and the licence that follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from billing.application.ports import Books, Clock, Room
from billing.application.review_licence import ReviewLicence
from billing.application.stripe_ports import Payments
from billing.domain.invoice import Invoice
from billing.domain.ledger import invoice_entries
from billing.domain.letters import payment_failed_letter
from billing.domain.subscription import Subscription
from contracts.billing.v1 import InvoicePaid, PaymentFailed, SubscriptionChanged
from contracts.envelope import Following
from contracts.messages.v1 import SendEmail
from contracts.tenants.http_v1 import TenantProfile


class Mirror:
    """What was fetched later replaces what was fetched before; the same again changes nothing."""

    def __init__(self, books: Books, payments: Payments, review: ReviewLicence, clock: Clock) -> None:
        self._books = books
        self._payments = payments
        self._review = review
        self._clock = clock

    async def subscription(self, company_id: str, customer_id: str) -> Subscription | None:
        """Fetch the customer's subscription: the one that goes on, else the newest; and review the licence."""
        found = await self._payments.subscriptions_of(customer_id)
        current = next((each for each in found if not each.is_over), found[0] if found else None)
        profile = await self._review.profile(company_id)
        async with self._books.of(company_id) as room:
            if current is not None:
                room.say(*await self._take_subscription(room, company_id, current))
            room.say(*await self._review(room, company_id, profile))
        return current

    async def invoice(self, company_id: str, invoice_id: str) -> None:
        """Fetch one invoice into the books."""
        fetched_at = self._clock()
        found = await self._payments.invoice(invoice_id)
        if found is not None:
            await self.take_invoice(company_id, found[1], fetched_at)

    async def take_invoice(self, company_id: str, invoice: Invoice, fetched_at: datetime) -> None:
        """Keep an invoice and post what it has to have posted."""
        profile = await self._review.profile(company_id)
        async with self._books.of(company_id) as room:
            await room.companies.found(company_id, lock=True)
            if not await room.companies.keep_invoice(company_id, invoice, fetched_at):
                return
            accrued = await room.ledger.accrued(company_id, invoice) if invoice.is_written else {}
            fresh = await room.ledger.post(company_id, tuple(invoice_entries(invoice, accrued)))
            room.say(*await _invoice_news(room, company_id, invoice, fresh, profile))

    async def _take_subscription(self, room: Room, company_id: str, found: Subscription) -> list[Following]:
        company = await room.companies.found(company_id, lock=True)
        before = company.subscription if company is not None else None
        if (
            before is not None
            and found.status in {"past_due", "unpaid"}
            and before.past_due_since is not None
        ):
            found = _with_since(found, before.past_due_since)
        elif found.status in {"past_due", "unpaid"}:
            found = _with_since(found, found.past_due_since or self._clock())
        if not await room.companies.keep_subscription(company_id, found):
            return []
        if before is not None and _said(before) == _said(found):
            return []
        changed = SubscriptionChanged(
            subscription_id=found.subscription_id, status=found.status, plan=found.plan, period_end=found.period_end,
            cancel_at=found.cancel_at,
        )  # fmt: skip
        return [changed]


def _with_since(subscription: Subscription, since: datetime) -> Subscription:
    return replace(subscription, past_due_since=since)


def _said(subscription: Subscription) -> tuple[object, ...]:
    return (
        subscription.subscription_id, subscription.status, subscription.plan, subscription.period_end,
        subscription.cancel_at,
    )  # fmt: skip


async def _invoice_news(
    room: Room, company_id: str, invoice: Invoice, fresh: list[str], profile: TenantProfile
) -> list[Following]:
    news: list[Following] = []
    # An invoice of nothing is paid as it is written; so is one that credit covers.
    just_paid = {f"invoice:{invoice.invoice_id}:paid", f"invoice:{invoice.invoice_id}:issued"} & set(fresh)
    if invoice.status == "paid" and just_paid and (invoice.amount_paid or not invoice.amount_due):
        paid = InvoicePaid(
            invoice_id=invoice.invoice_id, number=invoice.number, amount=f"{invoice.amount_paid:f}",
            currency=invoice.currency, paid_at=invoice.paid_at or invoice.created_at,
        )  # fmt: skip
        news.append(paid)
    failing = invoice.status == "open" and invoice.attempts > 0
    if failing and await room.companies.dun_once(company_id, invoice.invoice_id, invoice.attempts):
        failed = PaymentFailed(
            invoice_id=invoice.invoice_id, number=invoice.number, amount=f"{invoice.amount_due:f}",
            currency=invoice.currency, attempts=invoice.attempts,
        )  # fmt: skip
        news += [failed, _dunning(invoice, profile)]
    return news


def _dunning(invoice: Invoice, profile: TenantProfile) -> SendEmail:
    words = payment_failed_letter(
        profile.language, company=profile.name, number=invoice.number or invoice.invoice_id, amount=invoice.amount_due,
        currency=invoice.currency, attempts=invoice.attempts, page_url=invoice.page_url,
    )  # fmt: skip
    return SendEmail(
        lead_id=f"billing-{invoice.invoice_id}", turn=invoice.attempts, purpose="notice", to=(profile.agent_email,),
        subject=words.subject, text=words.text, despite_suspension=True,
    )  # fmt: skip

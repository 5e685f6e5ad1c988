"""Stripe's forms and ours: pure. Only what is named here is ever read; nothing of a card is.

Objects are those of the SDK's own version (2026-10-28), fetched with it; unknown fields and values are passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from billing.adapters.stripe.client import VENDOR, Json
from billing.domain.invoice import CreditNote, Invoice, InvoiceLine, InvoiceStatus
from billing.domain.money import coins, from_minor
from billing.domain.subscription import Status, Subscription
from billing.domain.units import UNITS, Unit
from vendorkit import VendorContractBroken

UNKNOWN_PLAN = "unknown"
_Form = TypeVar("_Form", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Price(_Part):
    """A price; its metadata say what of our catalogue it is."""

    id: str
    lookup_key: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)

    @property
    def unit(self) -> Unit | None:
        """The unit that it is the price of."""
        return next((unit for unit in UNITS if unit == self.metadata.get("unit")), None)


class Item(_Part):
    """An item of a subscription; the period stands here, not on the subscription."""

    id: str
    price: Price
    current_period_start: int
    current_period_end: int


class _Items(_Part):
    data: tuple[Item, ...] = ()


class SubscriptionForm(_Part):
    """A subscription."""

    id: str
    customer: str
    status: str
    currency: str
    items: _Items
    created: int
    trial_end: int | None = None
    cancel_at: int | None = None
    cancel_at_period_end: bool = False
    ended_at: int | None = None


class _Period(_Part):
    start: int
    end: int


class _PriceDetails(_Part):
    price: str | None = None


class _Pricing(_Part):
    price_details: _PriceDetails | None = None
    unit_amount_decimal: Decimal | None = None


class _Details(_Part):
    proration: bool = False
    subscription: str | None = None


class _Parent(_Part):
    subscription_item_details: _Details | None = None
    invoice_item_details: _Details | None = None
    subscription_details: _Details | None = None


class LineForm(_Part):
    """A line of an invoice."""

    id: str
    amount: int
    description: str | None = None
    quantity: int | None = None
    quantity_decimal: Decimal | None = None
    period: _Period
    pricing: _Pricing | None = None
    parent: _Parent | None = None

    @property
    def price_id(self) -> str | None:
        """The price that it is of."""
        details = self.pricing.price_details if self.pricing is not None else None
        return details.price if details is not None else None


class _Amount(_Part):
    amount: int


class _Transitions(_Part):
    finalized_at: int | None = None
    paid_at: int | None = None
    marked_uncollectible_at: int | None = None


class InvoiceForm(_Part):
    """An invoice, without its lines."""

    id: str
    customer: str
    number: str | None = None
    status: str
    currency: str
    total: int
    amount_due: int
    amount_paid: int
    starting_balance: int = 0
    ending_balance: int | None = None
    total_taxes: tuple[_Amount, ...] | None = None
    total_discount_amounts: tuple[_Amount, ...] | None = None
    created: int
    period_start: int
    period_end: int
    parent: _Parent | None = None
    hosted_invoice_url: str | None = None
    invoice_pdf: str | None = None
    attempt_count: int = 0
    status_transitions: _Transitions = _Transitions()
    pre_payment_credit_notes_amount: int = 0
    post_payment_credit_notes_amount: int = 0


class CreditNoteForm(_Part):
    """A credit note."""

    id: str
    total: int
    status: str = "issued"
    created: int
    customer_balance_transaction: str | None = None
    refunds: tuple[_Amount, ...] | None = None
    post_payment_amount: int = 0
    pre_payment_amount: int = 0


def read(form: type[_Form], answer: Json) -> _Form:
    """An object of Stripe's in our form. Raises `VendorContractBroken`, which names the places that do not fit."""
    try:
        return form.model_validate(answer)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, flaw["loc"])) for flaw in error.errors()[:5])
        words = f"Stripe's {answer.get('object', 'answer')} is not what its documents say, at {places}"
        raise VendorContractBroken(words, vendor=VENDOR) from None


def subscription_of(form: SubscriptionForm, fetched_at: datetime) -> Subscription:
    """A subscription: its plan is that of the price which carries one."""
    items = form.items.data
    if not items:
        raise VendorContractBroken(f"the subscription {form.id} has no items", vendor=VENDOR)
    plan = next(
        (item.price.metadata["plan"] for item in items if "plan" in item.price.metadata), UNKNOWN_PLAN
    )
    version = next((item.price.metadata["version"] for item in items if item.price.unit is not None), "")
    cancel_at = form.cancel_at
    if cancel_at is None and form.cancel_at_period_end:
        cancel_at = max(item.current_period_end for item in items)
    return Subscription(
        subscription_id=form.id, customer_id=form.customer, status=_status(form.status), plan=plan, price_version=version,
        currency=form.currency.upper(), period_start=moment(min(item.current_period_start for item in items)),
        period_end=moment(max(item.current_period_end for item in items)), fetched_at=fetched_at,
        trial_end=maybe(form.trial_end), cancel_at=maybe(cancel_at), ended_at=maybe(form.ended_at),
    )  # fmt: skip


def invoice_of(
    form: InvoiceForm, lines: tuple[LineForm, ...], notes: tuple[CreditNoteForm, ...], units: Mapping[str, Unit | None]
) -> Invoice:  # fmt: skip
    """An invoice; `units` says which price is of which unit."""
    code = form.currency.upper()

    def money(minor: int) -> Decimal:
        return from_minor(minor, code)

    ending = form.starting_balance if form.ending_balance is None else form.ending_balance
    details = form.parent.subscription_details if form.parent is not None else None
    moments = form.status_transitions
    return Invoice(
        invoice_id=form.id, number=form.number, status=_invoice_status(form.status), currency=code, total=money(form.total),
        tax=money(sum(each.amount for each in form.total_taxes or ())),
        discount=money(sum(each.amount for each in form.total_discount_amounts or ())),
        credit_used=money(ending - form.starting_balance), amount_due=money(form.amount_due),
        amount_paid=money(form.amount_paid), created_at=moment(form.created), finalized_at=maybe(moments.finalized_at),
        paid_at=maybe(moments.paid_at), uncollectible_at=maybe(moments.marked_uncollectible_at),
        period_start=moment(form.period_start), period_end=moment(form.period_end),
        subscription_id=details.subscription if details is not None else None, page_url=form.hosted_invoice_url,
        pdf_url=form.invoice_pdf, attempts=form.attempt_count,
        lines=tuple(_line(each, units.get(each.price_id or ""), code) for each in lines),
        credit_notes=tuple(_note(each, code) for each in notes),
    )  # fmt: skip


def _line(form: LineForm, unit: Unit | None, code: str) -> InvoiceLine:
    parent = form.parent
    about = (parent.subscription_item_details or parent.invoice_item_details) if parent is not None else None
    each = form.pricing.unit_amount_decimal if form.pricing is not None else None
    quantity = form.quantity_decimal if form.quantity_decimal is not None else form.quantity
    return InvoiceLine(
        line_id=form.id, description=form.description or "", amount=from_minor(form.amount, code),
        quantity=None if quantity is None else Decimal(quantity), unit=unit, proration=bool(about and about.proration),
        period_start=moment(form.period.start), period_end=moment(form.period.end),
        each=None if unit is None or each is None else coins(each, code),
    )  # fmt: skip


def _note(form: CreditNoteForm, code: str) -> CreditNote:
    refunded = sum(each.amount for each in form.refunds or ())
    to_balance = form.post_payment_amount - refunded if form.customer_balance_transaction is not None else 0
    return CreditNote(
        form.id, from_minor(form.total, code), from_minor(to_balance, code), from_minor(refunded, code),
        form.status == "void", moment(form.created),
    )  # fmt: skip


def moment(seconds: int) -> datetime:
    """Stripe's unix seconds as an aware time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def maybe(seconds: int | None) -> datetime | None:
    """The same, where there may be none."""
    return moment(seconds) if seconds is not None else None


def _status(text: str) -> Status:
    """A status that this version does not know is taken for a pause: nobody works on it, nobody is billed for it."""
    return next((known for known in get_args(Status) if known == text), "paused")


def _invoice_status(text: str) -> InvoiceStatus:
    known: tuple[InvoiceStatus, ...] = get_args(InvoiceStatus)
    for each in known:
        if each == text:
            return each
    return "draft"

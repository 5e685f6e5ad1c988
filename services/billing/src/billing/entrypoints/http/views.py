"""How billing's things are shown: decimals as plain text."""

from __future__ import annotations

from decimal import Decimal

from billing.application.ledger_ports import LeadLine as Lead
from billing.application.ledger_ports import MonthLine
from billing.application.ports import Company
from billing.domain.budget import BudgetState
from billing.domain.invoice import Invoice
from billing.domain.plans import Plan, PriceList
from billing.domain.rates import Rate
from billing.entrypoints.http.documents import (
    BudgetView,
    InvoiceLineView,
    InvoiceView,
    LeadLine,
    PlanView,
    SubscriptionView,
    TierView,
    UsageLine,
)


def plain(number: Decimal) -> str:
    """A decimal as people write it: no exponent, no zeros that say nothing beyond the coins."""
    text = f"{number:f}"
    whole, point, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}" if point else whole


def usage_line(line: MonthLine) -> UsageLine:
    """Use of a month."""
    return UsageLine(
        month=line.month, unit=line.unit, currency=line.currency, quantity=line.quantity, value=plain(line.value),
        cost=plain(line.cost),
    )  # fmt: skip


def lead_line(line: Lead) -> LeadLine:
    """A lead's cost and value."""
    return LeadLine(
        lead_id=line.lead_id, unit=line.unit, currency=line.currency, quantity=line.quantity, value=plain(line.value),
        cost=plain(line.cost),
    )  # fmt: skip


def plan_view(plan: Plan, prices: PriceList) -> PlanView:
    """A plan with its prices."""
    return PlanView(
        name=plan.name, title=dict(plan.title), monthly={code: plain(fee) for code, fee in plan.monthly.items()},
        features=plan.features, limits=dict(plan.limits or {}),
        prices={code: {unit: _tiers(rate) for unit, rate in rates.items()} for code, rates in prices.prices.items()},
        prices_version=prices.version, valid_from=prices.valid_from,
    )  # fmt: skip


def _tiers(rate: Rate) -> tuple[TierView, ...]:
    return tuple(TierView(up_to=tier.up_to, each=plain(tier.each)) for tier in rate)


def subscription_view(company: Company) -> SubscriptionView:
    """What a company has."""
    has, licence = company.subscription, company.licence
    return SubscriptionView(
        plan=has.plan if has else licence.plan if licence else None, status=has.status if has else None,
        currency=company.currency, period_start=has.period_start if has else None, period_end=has.period_end if has else None,
        cancel_at=has.cancel_at if has else None, trial_ends_at=company.trial_ends_at,
        licence=licence.status if licence else None, licence_until=licence.valid_until if licence else None,
    )  # fmt: skip


def invoice_view(invoice: Invoice) -> InvoiceView:
    """An invoice."""
    return InvoiceView(
        invoice_id=invoice.invoice_id, number=invoice.number, status=invoice.status, currency=invoice.currency,
        total=plain(invoice.total), amount_due=plain(invoice.amount_due), amount_paid=plain(invoice.amount_paid),
        created_at=invoice.created_at, paid_at=invoice.paid_at, page_url=invoice.page_url, pdf_url=invoice.pdf_url,
        lines=tuple(
            InvoiceLineView(
                description=line.description, amount=plain(line.amount), unit=line.unit, proration=line.proration,
                quantity=None if line.quantity is None else plain(line.quantity),
            )
            for line in invoice.lines
        ),
    )  # fmt: skip


def budget_view(state: BudgetState) -> BudgetView:
    """How far a budget is."""
    return BudgetView(
        measure=state.budget.measure, limit=plain(state.budget.limit), currency=state.budget.currency,
        spent=plain(state.spent), state=state.state,
    )  # fmt: skip

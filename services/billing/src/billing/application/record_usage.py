"""Record what was used: the facts that other services tell, each once, with its price, its cost and its entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from billing.application.ports import Clock, Company, Room
from billing.application.take_on_company import TakeOnCompany
from billing.domain.money import NoAmount, UnknownCurrency, amount, currency
from billing.domain.plans import Catalogue
from billing.domain.rates import is_flat
from billing.domain.usage import BadFact, Fact, Terms, Usage, rated, usage_of
from contracts.billing.v1 import BudgetReached
from contracts.conversations.v1 import ReplyDrafted
from contracts.documents.v1 import DocumentAnalyzed
from contracts.envelope import Following
from contracts.messages.v1 import MessageReceived, MessageSent
from contracts.values import Cost, Tokens


class RecordUsage:
    """The same event again changes nothing: a record's id is made of the event's."""

    def __init__(self, catalogue: Catalogue, take_on: TakeOnCompany, clock: Clock) -> None:
        self._catalogue = catalogue
        self._take_on = take_on
        self._clock = clock

    async def __call__(
        self, room: Room, tenant_id: str, event_id: str, facts: Sequence[Fact]
    ) -> list[Following]:
        """Record facts within a company's books; what follows. Raises `BadFact` for what cannot be true."""
        if not facts:
            return []
        now = self._clock()
        company = await self._take_on.known(room, tenant_id)
        terms = self.terms(company, now)
        usage = [usage_of(fact, event_id, terms, now=now) for fact in facts]
        usage = await self._in_tiers(room, tenant_id, usage, terms, now)
        if not await room.ledger.record(tenant_id, usage):
            return []
        return await self._alerts(room, tenant_id, usage[0].month, now) if company.has_budgets else []

    async def _in_tiers(
        self, room: Room, tenant_id: str, usage: list[Usage], terms: Terms, now: datetime
    ) -> list[Usage]:
        """Price what has tiers by its place in the period. What the meter counts elsewhere, the invoice's entry settles."""
        tiered = [each for each in usage if each.billable and not is_flat(terms.rate(each.fact.unit))]
        if not tiered or terms.subscription is None:
            return usage
        before = await room.ledger.take_places(tenant_id, terms.subscription.open_since(now), tiered)
        return [
            rated(each, terms.rate(each.fact.unit), before=before[each.usage_id])
            if each.usage_id in before
            else each
            for each in usage
        ]

    def terms(self, company: Company, now: datetime) -> Terms:
        """By what a company's use is reckoned now."""
        subscription = company.subscription
        plan = self._catalogue.trial_plan
        if subscription is not None and subscription.plan in self._catalogue.plans:
            plan = subscription.plan
        version = subscription.price_version if subscription is not None else None
        prices = self._catalogue.prices(plan, version=version, on=now.date())
        return Terms(company.currency, prices, subscription)

    async def _alerts(self, room: Room, tenant_id: str, month: str, now: datetime) -> list[Following]:
        """What is to be told of budgets; who jumps past several levels at once is told the highest alone."""
        news: list[Following] = []
        for state in await room.budgets.states(tenant_id, month):
            fresh = [
                level
                for level in state.levels()
                if await room.budgets.tell_once(tenant_id, month, state, level, now)
            ]
            if not fresh:
                continue
            budget = state.budget
            reached = BudgetReached(
                tenant_id=tenant_id, budget=budget.measure, spent=f"{state.spent:f}", limit=f"{budget.limit:f}",
                currency=budget.currency, level=max(fresh), month=month,
            )  # fmt: skip
            news.append(reached)
        return news


def facts_of_message_received(event: MessageReceived, *, at: datetime) -> list[Fact]:
    """An enquiry that came in; newsletters, bounces, and what was imported from before are nobody's use."""
    if event.kind != "enquiry" or event.historic:
        return []
    return [Fact("message", 1, at, message_id=event.message_id)]


def facts_of_message_sent(event: MessageSent) -> list[Fact]:
    """A reply that left; what the company's own agent is told is not billed."""
    return [Fact("message", 1, event.sent_at, lead_id=event.lead_id)] if event.purpose == "reply" else []


def facts_of_document_analyzed(event: DocumentAnalyzed, *, at: datetime) -> list[Fact]:
    """A document, its pages, and the tokens of its analysis with what they cost. Raises `BadFact`."""
    document = Fact(
        "document", 1, at, message_id=event.message_id, document_id=event.document_id, model=event.model
    )
    facts = [document, replace(document, unit="page", quantity=event.pages)]
    return facts + _of_model(document, event.tokens, event.cost)


def facts_of_reply_drafted(event: ReplyDrafted, *, at: datetime) -> list[Fact]:
    """The tokens of a draft, and what they cost; a template takes none. Raises `BadFact`."""
    return _of_model(Fact("token", 0, at, lead_id=event.lead_id, model=event.model), event.tokens, event.cost)


def _of_model(about: Fact, tokens: Tokens | None, cost: Cost | None) -> list[Fact]:
    if tokens is None and cost is None:
        return []
    quantity = tokens.input + tokens.output if tokens is not None else 0
    try:
        known = (amount(cost.amount), currency(cost.currency)) if cost is not None else (None, None)
    except (NoAmount, UnknownCurrency) as error:
        raise BadFact(f"the cost of the model's work cannot be booked: {error}") from error
    return [replace(about, unit="token", quantity=quantity, cost=known[0], cost_currency=known[1])]

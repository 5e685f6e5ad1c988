"""Change a company's plan, or cancel it. Stripe decides; what came of it is fetched into the books at once."""

from __future__ import annotations

from billing.application.mirror_stripe import Mirror
from billing.application.ports import Books, Clock, NotConfigured, Refused
from billing.application.stripe_ports import Payments
from billing.domain.plans import Catalogue
from billing.domain.subscription import Subscription


class ChangeSubscription:
    """A change is prorated to the second by Stripe."""

    def __init__(
        self, books: Books, payments: Payments, mirror: Mirror, catalogue: Catalogue, clock: Clock
    ) -> None:
        self._books = books
        self._payments = payments
        self._mirror = mirror
        self._catalogue = catalogue
        self._clock = clock

    async def plan(self, tenant_id: str, plan: str) -> None:
        """Change to another plan from now on. Raises `UnknownPlan`, `Refused`, `NotConfigured`."""
        wanted = self._catalogue.plan(plan)
        current = await self._current(tenant_id)
        if current.plan == plan:
            raise Refused(f"the plan is {plan} already")
        if current.currency not in wanted.monthly:
            raise Refused(
                f"the plan {plan} is not sold in {current.currency}: cancel, then buy it in another currency"
            )
        prices = self._catalogue.prices(plan, on=self._clock().date())
        key = f"plan-{current.subscription_id}-{current.plan}-{plan}-{int(current.fetched_at.timestamp())}"
        await self._payments.change_plan(current, plan=plan, price_version=prices.version, key=key)
        await self._mirror.subscription(tenant_id, current.customer_id)

    async def cancel(self, tenant_id: str, *, at_period_end: bool) -> None:
        """Cancel now, or when what was paid for ends. Raises `Refused`, `NotConfigured`."""
        current = await self._current(tenant_id)
        key = f"cancel-{current.subscription_id}-{at_period_end}-{int(current.fetched_at.timestamp())}"
        await self._payments.cancel(current, at_period_end=at_period_end, key=key)
        await self._mirror.subscription(tenant_id, current.customer_id)

    async def _current(self, tenant_id: str) -> Subscription:
        if not self._payments.configured:
            raise NotConfigured
        async with self._books.of(tenant_id) as room:
            company = await room.companies.found(tenant_id)
        subscription = company.subscription if company is not None else None
        if subscription is None or subscription.is_over:
            raise Refused("there is no subscription that could be changed: open a checkout")
        return subscription

"""Send a person on to Stripe: to buy a plan, or to the page for payment details and invoices."""

from __future__ import annotations

from uuid import uuid4

from billing.application.ports import Books, Clock, NotConfigured, Once, Profiles, Refused
from billing.application.stripe_ports import NewSession, Payments
from billing.application.take_on_company import TakeOnCompany
from billing.domain.plans import Catalogue


class OpenCheckout:
    """The customer is made once; a page is good for some hours, so each wish opens a new one."""

    def __init__(
        self, books: Books, take_on: TakeOnCompany, payments: Payments, profiles: Profiles, once: Once, catalogue: Catalogue,
        *, return_url: str, clock: Clock,
    ) -> None:  # fmt: skip
        self._books = books
        self._take_on = take_on
        self._payments = payments
        self._profiles = profiles
        self._once = once
        self._catalogue = catalogue
        self._return_url = return_url
        self._clock = clock

    async def checkout(self, tenant_id: str, plan: str, currency: str | None = None) -> NewSession:
        """A page on which the plan is bought. Raises `UnknownPlan`, `Refused`, `NotConfigured`."""
        if not self._payments.configured:
            raise NotConfigured
        wanted = self._catalogue.plan(plan)
        async with self._books.of(tenant_id) as room:
            company = await self._take_on.known(room, tenant_id)
        subscription = company.subscription
        if subscription is not None and not subscription.is_over and subscription.status != "incomplete":
            raise Refused(f"there is a subscription to {subscription.plan} already: change its plan instead")
        code = (currency or company.currency).upper()
        if code not in wanted.monthly:
            raise Refused(
                f"the plan {plan} is not sold in {code[:3]}, but in {', '.join(sorted(wanted.monthly))}"
            )
        prices = self._catalogue.prices(plan, on=self._clock().date())
        customer_id = await self.customer(tenant_id)
        return await self._payments.open_checkout(
            tenant_id, customer_id, plan=plan, price_version=prices.version, currency=code, return_url=self._return_url,
            key=f"checkout-{tenant_id}-{uuid4()}",
        )  # fmt: skip

    async def portal(self, tenant_id: str) -> NewSession:
        """Stripe's own page. Raises `Refused` when there is no customer yet, `NotConfigured`."""
        if not self._payments.configured:
            raise NotConfigured
        async with self._books.of(tenant_id) as room:
            company = await self._take_on.known(room, tenant_id)
        if company.customer_id is None:
            raise Refused("nothing was bought yet: open a checkout first")
        return await self._payments.open_portal(company.customer_id, return_url=self._return_url)

    async def customer(self, tenant_id: str) -> str:
        """The company's customer at Stripe, made if there is none. Once, whatever breaks in between."""
        async with self._books.of(tenant_id) as room:
            company = await self._take_on.known(room, tenant_id)
        if company.customer_id is not None:
            return company.customer_id
        profile = await self._profiles.profile(tenant_id)
        key = f"customer-{tenant_id}"

        async def make() -> str:
            return await self._payments.make_customer(
                tenant_id, name=profile.name, email=profile.agent_email, key=key
            )

        async def find() -> str | None:
            return await self._payments.find_customer(tenant_id)

        customer_id = await self._once(tenant_id, key, look_up=find, call=make)
        async with self._books.fleet() as directory:
            await directory.enter(tenant_id, customer_id)
        async with self._books.of(tenant_id) as room:
            await room.companies.keep_customer(tenant_id, customer_id)
        return customer_id

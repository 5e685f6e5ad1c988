"""What a company asks about itself: `/api/v1/billing`."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from billing.domain.budget import Budget
from billing.entrypoints.http.desk import Desk, problems
from billing.entrypoints.http.documents import (
    BudgetsDocument,
    BudgetView,
    Cancellation,
    CheckoutWish,
    InvoiceView,
    LeadLine,
    PageView,
    PlanView,
    PlanWish,
    SubscriptionView,
    UsageLine,
)
from billing.entrypoints.http.views import (
    budget_view,
    invoice_view,
    lead_line,
    plan_view,
    subscription_view,
    usage_line,
)
from chassis.http import tenant_of

Tenant = Annotated[str, Depends(tenant_of)]
Month = Annotated[str, Query(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="Such as 2026-11.")]


def usage_routes(desk: Desk) -> APIRouter:
    """Use, cost and value; plans and budgets."""
    router = APIRouter(prefix="/api/v1/billing", tags=["billing"])

    @router.get("/usage", summary="What was used, by month, unit and currency")
    async def usage(tenant_id: Tenant, since: Month | None = None) -> list[UsageLine]:
        async with desk.books.of(tenant_id) as room:
            return [usage_line(each) for each in await room.ledger.months(tenant_id, since or "0000-00")]

    @router.get("/leads", summary="Cost and value per lead, the costliest first")
    async def leads(
        tenant_id: Tenant, month: Month | None = None, lead_id: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> list[LeadLine]:  # fmt: skip
        async with desk.books.of(tenant_id) as room:
            return [lead_line(each) for each in await room.ledger.leads(tenant_id, month, lead_id, limit)]

    @router.get("/plans", summary="The plans that can be bought")
    async def plans() -> list[PlanView]:
        today = desk.clock().date()
        return [
            plan_view(plan, desk.catalogue.prices(plan.name, on=today))
            for plan in desk.catalogue.plans.values()
        ]

    @router.get("/budgets", summary="Budgets, and how far they are used up this month")
    async def budgets(tenant_id: Tenant) -> list[BudgetView]:
        return [budget_view(each) for each in await desk.budgets.states(tenant_id)]

    @router.put("/budgets", summary="Set the budgets")
    async def set_budgets(tenant_id: Tenant, wanted: BudgetsDocument) -> list[BudgetView]:
        given = [Budget(each.measure, Decimal(each.limit)) for each in wanted.budgets]
        with problems():
            return [budget_view(each) for each in await desk.budgets.keep(tenant_id, given)]

    return router


def subscription_routes(desk: Desk) -> APIRouter:
    """The subscription, invoices, and the ways to Stripe's pages."""
    router = APIRouter(prefix="/api/v1/billing", tags=["billing"])

    @router.get("/subscription", summary="What the company has, and what it may")
    async def subscription(tenant_id: Tenant) -> SubscriptionView:
        async with desk.books.of(tenant_id) as room:
            return subscription_view(await desk.take_on.known(room, tenant_id))

    @router.get("/invoices", summary="Invoices, newest first")
    async def invoices(
        tenant_id: Tenant, limit: Annotated[int, Query(ge=1, le=200)] = 50
    ) -> list[InvoiceView]:
        async with desk.books.of(tenant_id) as room:
            return [invoice_view(each) for each in await room.companies.invoices(tenant_id, limit)]

    @router.post("/checkout", summary="Open Stripe's page on which a plan is bought")
    async def checkout(tenant_id: Tenant, wish: CheckoutWish) -> PageView:
        with problems():
            return PageView(url=(await desk.checkout.checkout(tenant_id, wish.plan, wish.currency)).url)

    @router.post("/portal", summary="Open Stripe's page for payment details and invoices")
    async def portal(tenant_id: Tenant) -> PageView:
        with problems():
            return PageView(url=(await desk.checkout.portal(tenant_id)).url)

    @router.post("/plan", summary="Change to another plan from now on, prorated")
    async def change_plan(tenant_id: Tenant, wish: PlanWish) -> SubscriptionView:
        with problems():
            await desk.change.plan(tenant_id, wish.plan)
        return await subscription(tenant_id)

    @router.post("/cancel", summary="Cancel the subscription")
    async def cancel(tenant_id: Tenant, wish: Cancellation) -> SubscriptionView:
        with problems():
            await desk.change.cancel(tenant_id, at_period_end=wish.at_period_end)
        return await subscription(tenant_id)

    return router

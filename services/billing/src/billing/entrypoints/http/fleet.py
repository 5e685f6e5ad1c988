"""What those who run the fleet ask: all companies, drift, reconciliation, corrections. And what services ask: budgets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from billing.application.ports import Company
from billing.domain.drift import Drift
from billing.entrypoints.http.desk import Desk, problems
from billing.entrypoints.http.documents import (
    Balance,
    BudgetView,
    CompanyLine,
    DriftLine,
    DriftView,
    Reversal,
    StrayLine,
)
from billing.entrypoints.http.views import budget_view, plain
from chassis.http import Problem, scope
from contracts.envelope import InvalidEnvelope, check_tenant_id

_READ, _WRITE = scope("fleet:read"), scope("fleet:write")


def _tenant_in_path(tenant_id: str) -> str:
    try:
        return check_tenant_id(tenant_id)
    except InvalidEnvelope as error:
        raise Problem(422, "Invalid tenant id", str(error)) from error


Tenant = Annotated[str, Depends(_tenant_in_path)]


def fleet_routes(desk: Desk) -> APIRouter:
    """All companies at once."""
    router = APIRouter(prefix="/api/v1/billing/fleet", tags=["fleet"])

    @router.get("/companies", summary="Everybody who is billed", openapi_extra=_READ)
    async def companies() -> list[CompanyLine]:
        return [
            line for company_id in await _all(desk) if (line := await _line(desk, company_id)) is not None
        ]

    @router.get(
        "/drift", summary="Where Stripe and the ledger differed, and events of strangers", openapi_extra=_READ
    )
    async def drift(limit: Annotated[int, Query(ge=1, le=1000)] = 200) -> DriftView:
        async with desk.books.fleet() as directory:
            found, strays = await directory.drift(limit), await directory.strays(limit)
        return DriftView(
            drift=tuple(_drift_line(each) for each in found),
            strays=tuple(StrayLine.model_validate(each, extra="ignore") for each in strays),
        )

    @router.post(
        "/reconcile",
        summary="Compare Stripe with the ledger now, and mend what is safe",
        openapi_extra=_WRITE,
    )
    async def reconcile(tenant_id: Annotated[str | None, Query(max_length=63)] = None) -> list[DriftLine]:
        with problems():
            chosen = [tenant_id] if tenant_id is not None else await _all(desk)
            return [_drift_line(each) for company_id in chosen for each in await desk.reconcile(company_id)]

    @router.post(
        "/seed", summary="Make products, prices and meters at Stripe that are missing", openapi_extra=_WRITE
    )
    async def seed() -> list[str]:
        with problems():
            return await desk.payments.seed(desk.catalogue)

    @router.post("/report", summary="Tell Stripe's meters now what waits", openapi_extra=_WRITE)
    async def report(tenant_id: Annotated[str | None, Query(max_length=63)] = None) -> dict[str, int]:
        with problems():
            chosen = [tenant_id] if tenant_id is not None else await _all(desk)
            return {company_id: (await desk.report(company_id)).sent for company_id in chosen}

    return router


def books_routes(desk: Desk) -> APIRouter:
    """The books of one company, for those who run the fleet; budgets, for services."""
    router = APIRouter(tags=["fleet"])

    @router.get(
        "/api/v1/billing/fleet/companies/{tenant_id}/balances", summary="The sums of a company's accounts",
        openapi_extra=_READ,
    )  # fmt: skip
    async def balances(tenant_id: Tenant) -> list[Balance]:
        async with desk.books.of(tenant_id) as room:
            found = await room.ledger.balances(tenant_id)
        return [
            Balance(account=account, currency=code, amount=plain(total))
            for (account, code), total in sorted(found.items())
        ]

    @router.post(
        "/api/v1/billing/fleet/companies/{tenant_id}/usage/{usage_id}/reverse", status_code=204, openapi_extra=_WRITE,
        summary="Take a record of use back, by an entry that undoes its own",
    )  # fmt: skip
    async def reverse(
        tenant_id: Tenant, usage_id: Annotated[str, Path(max_length=60)], why: Reversal
    ) -> None:
        with problems():
            await desk.reverse(tenant_id, usage_id, reason=why.reason)

    @router.get(
        "/internal/budget/{tenant_id}", summary="How far a company's budgets are used up", tags=["internal"]
    )
    async def budget(tenant_id: Tenant) -> list[BudgetView]:
        return [budget_view(each) for each in await desk.budgets.states(tenant_id)]

    return router


async def _all(desk: Desk) -> list[str]:
    async with desk.books.fleet() as directory:
        return await directory.companies()


async def _line(desk: Desk, company_id: str) -> CompanyLine | None:
    async with desk.books.of(company_id) as room:
        company: Company | None = await room.companies.found(company_id)
        counts = await room.meters.counts(company_id)
    if company is None:
        return None
    has = company.subscription
    return CompanyLine(
        tenant_id=company_id, plan=has.plan if has else None, status=has.status if has else None,
        licence=company.licence.status if company.licence else None, currency=company.currency, meters=dict(counts),
    )  # fmt: skip


def _drift_line(each: Drift) -> DriftLine:
    return DriftLine(
        company_id=each.company_id,
        kind=each.kind,
        subject=each.subject,
        sentence=each.sentence,
        mended=each.mended,
    )

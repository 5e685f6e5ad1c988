"""Look whether a company's licence is still what it was, and tell when it is not."""

from __future__ import annotations

from typing import ClassVar

from billing.application.ports import FLEET, Clock, Profiles, Room
from billing.application.stripe_ports import Payments
from billing.application.take_on_company import TakeOnCompany
from billing.domain.letters import licence_letter
from billing.domain.licence import Licence, licence_of
from billing.domain.plans import Catalogue
from contracts.envelope import Following, Later, Timer
from contracts.messages.v1 import SendEmail
from contracts.tenants.http_v1 import TenantProfile
from contracts.tenants.v1 import LicenceChanged


class LicenceDue(Timer):
    """A trial or a grace may be over."""

    aggregate: ClassVar[str] = "tenant_id"

    tenant_id: str


class ReviewLicence:
    """The licence is a function of subscription and clock; without Stripe none is enforced."""

    def __init__(
        self,
        take_on: TakeOnCompany,
        catalogue: Catalogue,
        payments: Payments,
        profiles: Profiles,
        clock: Clock,
    ) -> None:
        self._take_on = take_on
        self._catalogue = catalogue
        self._payments = payments
        self._profiles = profiles
        self._clock = clock

    async def profile(self, tenant_id: str) -> TenantProfile:
        """Whom a letter goes to; read before the books are opened."""
        return await self._profiles.profile(tenant_id)

    async def __call__(
        self, room: Room, tenant_id: str, profile: TenantProfile | None, name: str = ""
    ) -> list[Following]:
        """Review it within the company's books; what follows from a change."""
        company = await self._take_on.known(room, tenant_id, name, lock=True)
        if not self._payments.configured or tenant_id == FLEET:
            return []
        licence = licence_of(
            company.subscription,
            trial_ends_at=company.trial_ends_at,
            catalogue=self._catalogue,
            now=self._clock(),
        )
        if licence == company.licence:
            return []
        version = company.licence_version + 1
        await room.companies.keep_licence(tenant_id, licence, version)
        news: list[Following] = [self._changed(tenant_id, licence, version)]
        if licence.valid_until is not None:
            news.append(Later(LicenceDue(tenant_id=tenant_id), licence.valid_until, f"licence:{tenant_id}"))
        if profile is not None and _is_worth_a_letter(company.licence, licence):
            news.append(_letter(tenant_id, licence, version, profile))
        return news

    def _changed(self, tenant_id: str, licence: Licence, version: int) -> LicenceChanged:
        plan = self._catalogue.plans.get(licence.plan)
        return LicenceChanged(
            tenant_id=tenant_id, version=version, status=licence.status, plan=licence.plan,
            features=plan.features if plan is not None else (), limits=dict((plan.limits or {}) if plan is not None else {}),
            valid_until=licence.valid_until, reason=licence.reason,
        )  # fmt: skip


def _is_worth_a_letter(before: Licence | None, now: Licence) -> bool:
    return now.status in {"grace", "suspended", "ended"} and (before is None or before.status != now.status)


def _letter(tenant_id: str, licence: Licence, version: int, profile: TenantProfile) -> SendEmail:
    words = licence_letter(profile.language, licence, company=profile.name, time_zone=profile.time_zone)
    return SendEmail(
        lead_id=f"billing-{tenant_id}", turn=version, purpose="notice", to=(profile.agent_email,), subject=words.subject,
        text=words.text, despite_suspension=True,
    )  # fmt: skip

"""How crm-sync is put together."""

from __future__ import annotations

from chassis import Service
from crm_sync.adapters.builtin_records import BuiltinRecords
from crm_sync.adapters.crms import TenantCrms
from crm_sync.adapters.customer_copy import CustomerCopy
from crm_sync.adapters.lead_links import LeadLinks
from crm_sync.application.follow_changes import FollowChanges
from crm_sync.application.link_customer import LinkCustomer
from crm_sync.application.log_activity import LogActivity
from crm_sync.domain.contact_points import country_code_of
from crm_sync.entrypoints import events, http, timers
from crm_sync.settings import Settings
from vendorkit import Guard, Limits


def create_service(settings: Settings | None = None) -> Service:
    """crm-sync, ready to run."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("crm-sync", settings)
    tenants, units = service.tenants, service.units
    copy, links = CustomerCopy(), LeadLinks()
    # All stays below an effect's lease of two minutes.
    limits = Limits(
        read=settings.request_seconds, total=settings.request_seconds + 15, response_bytes=64 * 1024 * 1024
    )
    crms = TenantCrms(
        tenants,
        units,
        country_code=settings.country_code,
        limits=limits,
        guard=Guard.allowing(settings.outward_allow),
    )
    link = LinkCustomer(
        crms=crms, profiles=tenants, copy=copy, links=links, country_code=settings.country_code
    )
    log = LogActivity(crms=crms, profiles=tenants, links=links)
    changes = FollowChanges(
        crms=crms, profiles=tenants, copy=copy, transactions=units, seconds=settings.poll_seconds
    )

    async def country_code(tenant_id: str) -> str:
        profile = await tenants.profile(tenant_id)
        return country_code_of(profile.time_zone, default=settings.country_code)

    service.hears(events.router(link, log))
    service.serves(http.router(units, copy, BuiltinRecords(), country_code))
    service.runs("crm-changes", timers.follow(tenants.all, changes, seconds=settings.poll_seconds))
    return service

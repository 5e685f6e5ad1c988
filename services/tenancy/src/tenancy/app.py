"""The composition root: what tenancy is made of."""

from __future__ import annotations

from chassis import Service
from chassis.keyring import KeyRing
from tenancy.adapters.directory import StoredDirectory
from tenancy.adapters.places import GuardedPlaces
from tenancy.adapters.records import StoredTenant
from tenancy.adapters.sealing import KeyRingSeals
from tenancy.application.configure_tenant import ConfigureTenant
from tenancy.application.keep_credentials import KeepCredentials
from tenancy.application.keep_hooks import KeepHooks
from tenancy.application.reseal_secrets import ResealSecrets
from tenancy.entrypoints import timers
from tenancy.entrypoints.http.audit import audit_router
from tenancy.entrypoints.http.desk import Desk
from tenancy.entrypoints.http.fleet import fleet_router
from tenancy.entrypoints.http.internal import internal_router
from tenancy.entrypoints.http.tenants import public_router
from tenancy.entrypoints.http.versions import versions_router
from tenancy.settings import Settings
from vendorkit import Guard


def create_service(settings: Settings | None = None) -> Service:
    """Tenancy, ready to run."""
    service = Service("tenancy", settings or Settings())  # pyright: ignore[reportCallIssue] — read from the environment
    seals = KeyRingSeals(KeyRing.from_secret(service.settings.master_key))
    places = GuardedPlaces(Guard.allowing(service.settings.outward_allow))
    credentials, hooks = KeepCredentials(seals, places), KeepHooks(seals)
    desk = Desk(
        service.units, StoredTenant, StoredDirectory, ConfigureTenant(credentials, hooks), credentials, hooks,
        ResealSecrets(seals),
    )  # fmt: skip
    for router in (public_router, versions_router, fleet_router, audit_router):
        service.serves(router(desk))
    service.serves(internal_router(desk))
    service.runs(
        "reseal-secrets",
        timers.ResealAll(service.units, StoredTenant, StoredDirectory, desk.reseal).run,
    )
    return service

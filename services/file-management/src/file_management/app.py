"""The composition root: what file-management is made of."""

from __future__ import annotations

from chassis import Service
from file_management.adapters.store import Files
from file_management.adapters.stores import TenantStores
from file_management.application.file_document import DocumentFiler
from file_management.entrypoints import events, http
from file_management.settings import Settings
from vendorkit import Guard


def create_service(settings: Settings | None = None) -> Service:
    """File-management, ready to run."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("file-management", settings)
    files = Files()
    stores = TenantStores(
        service.tenants,
        settings.local_root.resolve(),
        seconds=settings.vendor_seconds,
        guard=Guard.allowing(settings.outward_allow),
    )
    file_document = DocumentFiler(profiles=service.tenants, blobs=service.blobs, stores=stores)
    service.hears(events.router(file_document, files))
    service.serves(http.router(service.units, files))
    return service

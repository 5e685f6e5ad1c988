"""How a tenant is shown to people."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import Response

from tenancy.application.configure_tenant import revision_of
from tenancy.application.ports import TenantRecords, UnknownTenant
from tenancy.entrypoints.http.documents import CredentialLine, HookLine, TenantView


async def view_of(records: TenantRecords, tenant_id: str, response: Response) -> TenantView:
    """A tenant without secrets, its revision in the answer's `ETag`. Raises `UnknownTenant`."""
    tenant = await records.tenant(tenant_id)
    if tenant is None:
        raise UnknownTenant(tenant_id)
    credentials = [
        CredentialLine(name=credential.name, version=credential.version)
        for credential in await records.credentials(tenant_id)
        if credential.box is not None
    ]
    hooks = [
        HookLine(**asdict(hook), path=f"/webhooks/{hook.source}/{hook.hook_id}")
        for hook in await records.hooks(tenant_id)
    ]
    response.headers["ETag"] = f'"{await revision_of(records, tenant)}"'
    return TenantView.model_validate({**asdict(tenant), "credentials": credentials, "hooks": hooks})

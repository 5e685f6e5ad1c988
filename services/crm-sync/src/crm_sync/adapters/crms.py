"""Which company has which CRM, and the connections to it."""

from __future__ import annotations

from chassis import Tenants, Units
from chassis.errors import NeedsTenant
from contracts.crm.v1 import CrmVendor
from crm_sync.adapters.builtin import BuiltinCrm
from crm_sync.adapters.builtin_records import BuiltinRecords
from crm_sync.adapters.weclapp.adapter import WeclappCrm
from crm_sync.adapters.weclapp.client import CREDENTIAL, WeclappClient
from crm_sync.application.ports import Crm
from crm_sync.domain.contact_points import country_code_of
from vendorkit import PUBLIC_ONLY, Guard, HostGates, Limits, url_flaw

REQUESTS_PER_COMPANY = 4
"""weclapp queues or refuses many requests at a time of one company."""


class TenantCrms:
    """Makes the adapter that a tenant's profile and credentials ask for; connections are kept."""

    def __init__(
        self,
        tenants: Tenants,
        units: Units,
        *,
        country_code: str,
        limits: Limits | None = None,
        guard: Guard = PUBLIC_ONLY,
    ) -> None:
        self._tenants = tenants
        self._units = units
        self._country_code = country_code
        self._limits = limits
        self._guard = guard
        self._records = BuiltinRecords()
        self._clients: dict[str, tuple[tuple[str, str], WeclappClient]] = {}

    async def of(self, tenant_id: str, vendor: CrmVendor | None = None) -> Crm:
        """The tenant's CRM. Raises `NeedsTenant` when its credential is missing or unusable."""
        profile = await self._tenants.profile(tenant_id)
        if (vendor or profile.crm) == "builtin":
            return BuiltinCrm(tenant_id, self._units, self._records)
        client = await self._client(tenant_id)
        return WeclappCrm(client, country_code=country_code_of(profile.time_zone, default=self._country_code))

    async def _client(self, tenant_id: str) -> WeclappClient:
        credential = await self._tenants.credential(tenant_id, CREDENTIAL)
        base_url, token = credential.values.get("base_url"), credential.values.get("token")
        if base_url is None or token is None or not _is_token(token.get_secret_value()):
            raise NeedsTenant(
                f"the credential '{CREDENTIAL}' of tenant {tenant_id} must have base_url (https://…) and token, "
                "without line breaks or spaces",
                credential=CREDENTIAL,
            )
        if flaw := url_flaw(self._guard, base_url.get_secret_value()):
            raise NeedsTenant(
                f"base_url in the credential '{CREDENTIAL}' of tenant {tenant_id} {flaw}",
                credential=CREDENTIAL,
            )
        asked = (base_url.get_secret_value(), token.get_secret_value())
        known = self._clients.get(tenant_id)
        if known is not None and known[0] == asked:
            return known[1]
        client = WeclappClient(
            asked[0], token, gates=HostGates(REQUESTS_PER_COMPANY), limits=self._limits, guard=self._guard
        )
        self._clients[tenant_id] = (asked, client)
        if known is not None:
            await known[1].aclose()
        return client


def _is_token(text: str) -> bool:
    """Whether it can stand in a header."""
    return text.isascii() and text.isprintable() and " " not in text and text != ""

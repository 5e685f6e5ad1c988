"""What a vendor's failure means to us, the HTTP client that says it, and the guard of where connections may go.

A vendor's own adapter imports `vendorkit.errors` and `vendorkit.http`; nothing here knows any one vendor.
Retrying is not done here: delivery does it (`chassis.errors` says what each kind of failure leads to).
"""

from vendorkit.errors import (
    VendorAuthExpired,
    VendorContractBroken,
    VendorError,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)
from vendorkit.http import NOT_BY_PROXY, Reply, VendorClient
from vendorkit.limits import HostGates, Limits
from vendorkit.outward import ANYWHERE, MOST_TRIED, PUBLIC_ONLY, AddressRefused, Guard, url_flaw
from vendorkit.refusals import refusal, retry_after_seconds, shortened
from vendorkit.tls import named_tls_context
from vendorkit.transports import outward_blocking_http_client, outward_http_client

__all__ = [
    "ANYWHERE",
    "MOST_TRIED",
    "NOT_BY_PROXY",
    "PUBLIC_ONLY",
    "AddressRefused",
    "Guard",
    "HostGates",
    "Limits",
    "Reply",
    "VendorAuthExpired",
    "VendorClient",
    "VendorContractBroken",
    "VendorError",
    "VendorRateLimited",
    "VendorRejected",
    "VendorUnavailable",
    "named_tls_context",
    "outward_blocking_http_client",
    "outward_http_client",
    "refusal",
    "retry_after_seconds",
    "shortened",
    "url_flaw",
]

"""What a vendor's failure means to us, and the HTTP client that says it.

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
from vendorkit.http import NOT_BY_PROXY, HostGates, Limits, Reply, VendorClient
from vendorkit.refusals import refusal, retry_after_seconds, shortened

__all__ = [
    "NOT_BY_PROXY",
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
    "refusal",
    "retry_after_seconds",
    "shortened",
]

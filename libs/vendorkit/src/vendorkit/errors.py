"""The five ways in which a vendor fails us, and what each leads to.

    VendorError                 any of the five; carries the vendor's name
    ├── VendorUnavailable       retry: no answer, or "not now"; `ambiguous` says whether it may have happened all the same
    ├── VendorRateLimited       retry, at `retry_after` when the vendor named a time
    ├── VendorRejected          never retry: the vendor understood and said no
    ├── VendorAuthExpired       park until the tenant's credential `credential` changes
    └── VendorContractBroken    never retry, tell us: the answer is not what the vendor's documents promise

The first two are kinds of the chassis's `RetryLater`, the third and the last of `NeverRetry`, the fourth of
`NeedsTenant`. Messages are for people (what happened, what to do) and carry neither secrets nor personal data.
"""

from chassis.errors import DeliveryError, NeedsTenant, NeverRetry, RetryLater


class VendorError(DeliveryError):
    """A vendor failed us in one of five ways; only those five are ever raised."""

    vendor: str


class VendorUnavailable(VendorError, RetryLater):
    """The vendor gave no usable answer now.

    `ambiguous` is true when the request may have taken effect all the same (it was sent, and no answer came); an
    effect in the world must then be looked up before it is tried again.
    """

    def __init__(self, message: str, *, vendor: str, ambiguous: bool, after: float | None = None) -> None:
        RetryLater.__init__(self, message, after=after)
        self.vendor = vendor
        self.ambiguous = ambiguous


class VendorRateLimited(VendorError, RetryLater):
    """The vendor refused because too much was asked; nothing took effect."""

    def __init__(self, message: str, *, vendor: str, retry_after: float | None = None) -> None:
        RetryLater.__init__(self, message, after=retry_after)
        self.vendor = vendor
        self.retry_after = retry_after


class VendorRejected(VendorError, NeverRetry):
    """The vendor understood the request and said no; the same request would be refused again."""

    def __init__(self, message: str, *, vendor: str, status: int | None = None) -> None:
        NeverRetry.__init__(self, message)
        self.vendor = vendor
        self.status = status


class VendorAuthExpired(VendorError, NeedsTenant):
    """The vendor no longer accepts the credential: the tenant must renew it."""

    def __init__(self, message: str, *, vendor: str, credential: str) -> None:
        NeedsTenant.__init__(self, message, credential=credential)
        self.vendor = vendor


class VendorContractBroken(VendorError, NeverRetry):
    """The vendor's answer is not what its documents promise: the adapter must be looked at."""

    def __init__(self, message: str, *, vendor: str) -> None:
        NeverRetry.__init__(self, message)
        self.vendor = vendor

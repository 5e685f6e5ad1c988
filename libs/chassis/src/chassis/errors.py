"""What a failure means for delivery, decided once for the whole fleet.

    DeliveryError
    ├── RetryLater     try again: after a stated time, or on the ladder 5 s, 30 s, 2 min, 10 min, 1 h
    ├── NeverRetry     it can never succeed: a dead letter at once
    └── NeedsTenant    parked until the tenant's credentials change

Any other exception from a handler is treated as `RetryLater` without a stated time. When our own database or
broker fails it is no attempt at all (`chassis.database`).
"""


class DeliveryError(Exception):
    """A failure whose meaning for delivery is known."""


class RetryLater(DeliveryError):
    """The work may succeed later; `after` is in seconds when the other side named a time."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class NeverRetry(DeliveryError):
    """The work can never succeed as it is: the message becomes a dead letter at once."""

    def __init__(self, message: str) -> None:
        super().__init__(message)


class NeedsTenant(DeliveryError):
    """The tenant must act: the message is parked until the named credential changes."""

    def __init__(self, message: str, *, credential: str) -> None:
        super().__init__(message)
        self.credential = credential


class EffectUncertain(NeverRetry):
    """Nobody can tell whether an effect in the world happened: it is never repeated silently, a human decides."""


class OurOutage(Exception):
    """Our own database or broker does not answer: no attempt of the message, and no dead letter."""

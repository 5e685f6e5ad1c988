"""Why something about people is refused. The words are for people, and never repeat an address or a secret."""

from __future__ import annotations

from datetime import timedelta
from math import ceil


class SignInRefused(Exception):
    """Nobody comes in: one answer for all reasons that a stranger must not tell apart."""


class TooManyAttempts(Exception):
    """Attempts are slowed down; look again after `seconds`."""

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, ceil(wait.total_seconds()))
        super().__init__(f"too many attempts: try again in {self.seconds} seconds")


class LinkRefused(Exception):
    """A link is none of ours, was used, taken back, or is too old."""


class MayNot(Exception):
    """The caller is not allowed to do this."""


class NotFound(Exception):
    """There is no such user, invitation, session or key in this tenant."""


class NotNow(Exception):
    """It contradicts what there is."""

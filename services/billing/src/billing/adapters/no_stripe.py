"""The port `Payments` without an account at Stripe: every question is answered by what to set."""

from __future__ import annotations

from typing import NoReturn

from billing.application.ports import NotConfigured


class NoPayments:
    """Nothing can be asked; whoever looks at `configured` first need not."""

    configured = False

    def __getattr__(self, name: str) -> NoReturn:
        """Raises `NotConfigured` for every method of the port."""
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotConfigured

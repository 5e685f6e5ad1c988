"""Several addresses of one service: who is asked next, and who is left alone for a while."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

FAILURES = 3
"""So many failures in a row put an address out."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


@dataclass(slots=True)
class Address:
    """One address, and how it has behaved."""

    url: str
    in_flight: int = 0
    failures: int = 0
    pauses: int = 0
    out_until: float | None = None


class Balance:
    """Least requests in flight; an address that failed thrice in a row is out, longer each time, then tried by one request."""

    def __init__(self, urls: Sequence[str]) -> None:
        self.addresses = [Address(url) for url in urls]
        self._turn = 0

    def use(self, urls: Sequence[str]) -> None:
        """Other addresses; those that stay keep what is known of them."""
        known = {address.url: address for address in self.addresses}
        self.addresses = [known.get(url) or Address(url) for url in urls]

    def pick(self, now: float, without: Set[str] = frozenset()) -> Address | None:
        """Whom to ask; when all are out, the one whose pause ends first. None when all were asked already."""
        choice = [address for address in self.addresses if address.url not in without]
        if not choice:
            return None
        self._turn += 1
        fit = [address for address in choice if _takes(address, now)]
        if not fit:
            return min(choice, key=lambda address: address.out_until or 0.0)
        first = self._turn % len(fit)
        return min(fit[first:] + fit[:first], key=lambda address: address.in_flight)

    @staticmethod
    def succeeded(address: Address) -> None:
        """It answered."""
        address.failures = address.pauses = 0
        address.out_until = None

    @staticmethod
    def failed(address: Address, now: float) -> None:
        """It could not be reached, broke off, or was too slow."""
        address.failures += 1
        if address.failures >= FAILURES:
            address.out_until = now + min(FIRST_PAUSE * 2**address.pauses, LONGEST_PAUSE)
            address.pauses = min(address.pauses + 1, 10)

    def out(self, now: float) -> list[str]:
        """The addresses that are left alone at this moment."""
        return [one.url for one in self.addresses if one.out_until is not None and one.out_until > now]


def _takes(address: Address, now: float) -> bool:
    """Whether it is well; after its pause one request at a time finds out."""
    return address.out_until is None or (address.out_until <= now and address.in_flight == 0)

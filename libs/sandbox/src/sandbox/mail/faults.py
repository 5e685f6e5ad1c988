"""Faults that were ordered through the control plane, handed out one by one as their moment comes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Server = Literal["smtp", "imap"]
Stage = Literal["connect", "auth", "mail", "rcpt", "data", "message", "login"]
Action = Literal[
    "reply", "delay", "hang", "cut", "accept_then_cut", "accept_then_hang", "refuse", "unavailable"
]

SMTP_STAGES: frozenset[Stage] = frozenset({"connect", "auth", "mail", "rcpt", "data", "message"})
IMAP_STAGES: frozenset[Stage] = frozenset({"connect", "login"})


@dataclass
class Fault:
    """One ordered misbehaviour: where, what, for whom, and how often it still happens."""

    number: int
    server: Server
    stage: Stage
    action: Action
    code: int = 451
    text: str = ""
    seconds: float = 0.0
    address: str | None = None
    remaining: int | None = 1  # None: until the faults are cleared
    happened: int = 0

    def concerns(self, server: Server, stage: Stage, addresses: Iterable[str]) -> bool:
        """Whether this fault strikes at this moment of this conversation."""
        if (self.server, self.stage) != (server, stage) or self.remaining == 0:
            return False
        return self.address is None or self.address in {address.lower() for address in addresses}


class Faults:
    """The faults in the order in which they were ordered; the first that fits strikes."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next_number = 1

    def order(
        self,
        server: Server,
        stage: Stage,
        action: Action,
        *,
        code: int = 451,
        text: str = "",
        seconds: float = 0.0,
        address: str | None = None,
        times: int | None = 1,
    ) -> Fault:
        """Add a fault that strikes `times` times, or until `clear` when `times` is None."""
        lowered = address.lower() if address is not None else None
        fault = Fault(self._next_number, server, stage, action, code, text, seconds, lowered, times)
        self._next_number += 1
        self._faults.append(fault)
        return fault

    def take(self, server: Server, stage: Stage, addresses: Iterable[str] = ()) -> Fault | None:
        """The fault that strikes now, counted as happened, or None."""
        known = [address for address in addresses if address]
        for fault in self._faults:
            if fault.concerns(server, stage, known):
                fault.happened += 1
                if fault.remaining is not None:
                    fault.remaining -= 1
                return fault
        return None

    def all(self) -> list[Fault]:
        """Every fault ordered since the last `clear`, spent ones too."""
        return list(self._faults)

    def clear(self) -> None:
        """Forget every fault."""
        self._faults.clear()

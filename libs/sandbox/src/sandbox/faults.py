"""Faults that a test asks a vendor to show."""

import fnmatch
import itertools
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from sandbox.wire import JsonObject, as_int, as_number, as_text

FaultKind = Literal["429", "500", "503", "delay", "hang", "cut", "malformed", "commit_then_cut"]
KINDS: tuple[str, ...] = get_args(FaultKind)


@dataclass
class Fault:
    """One kind of misbehaviour, for the next `times` requests that match; None means until cleared."""

    id: int
    vendor: str
    kind: FaultKind
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    retry_after: float | None = None
    seconds: float = 1.0
    shown: int = 0

    @property
    def is_spent(self) -> bool:
        """Whether it was shown often enough."""
        return self.times is not None and self.shown >= self.times

    def meets(self, vendor: str, method: str, path: str) -> bool:
        """Whether this request is one the fault is for; the path may name the mount or leave it out."""
        if self.vendor != vendor or self.is_spent:
            return False
        within = path.removeprefix(f"/{vendor}")
        return fnmatch.fnmatchcase(method, self.method) and (
            fnmatch.fnmatchcase(path, self.path) or fnmatch.fnmatchcase(within, self.path)
        )

    def as_json(self) -> JsonObject:
        """The fault as the control plane lists it."""
        return dict(self.__dict__)


class InvalidFault(ValueError):
    """The control plane was asked for a fault that does not exist."""


@dataclass
class FaultBook:
    """The faults asked for and not yet shown often enough."""

    _faults: list[Fault] = field(default_factory=list)
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def add(self, wish: JsonObject, vendors: frozenset[str]) -> Fault:
        """Note a wish of the control plane, or say what is wrong with it."""
        kind, vendor = str(wish.get("kind", "")), as_text(wish.get("vendor"))
        if kind not in KINDS:
            raise InvalidFault(f"Unknown kind {kind!r}; there are {', '.join(KINDS)}.")
        if vendor not in vendors:
            raise InvalidFault(f"Unknown vendor {vendor!r}; there are {', '.join(sorted(vendors))}.")
        fault = Fault(
            id=next(self._ids),
            vendor=vendor,
            kind=cast("FaultKind", kind),
            method=(as_text(wish.get("method")) or "*").upper(),
            path=as_text(wish.get("path")) or "*",
            times=None if wish.get("times", 1) is None else as_int(wish.get("times"), 1),
            retry_after=as_number(wish.get("retry_after")) if "retry_after" in wish else None,
            seconds=as_number(wish.get("seconds"), 1.0),
        )
        self._faults.append(fault)
        return fault

    def take(self, vendor: str, method: str, path: str) -> Fault | None:
        """The first fault for this request, counted as shown."""
        for fault in self._faults:
            if fault.meets(vendor, method, path):
                fault.shown += 1
                return fault
        return None

    def all(self) -> list[Fault]:
        """Every fault asked for since the last clearing, the spent ones too."""
        return list(self._faults)

    def clear(self) -> None:
        """Behave again."""
        self._faults.clear()

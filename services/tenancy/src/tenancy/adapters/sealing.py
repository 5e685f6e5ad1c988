"""Seals values as JSON under the fleet's key ring."""

from __future__ import annotations

import json
from collections.abc import Mapping

from chassis.keyring import KeyRing, SealBroken
from tenancy.application.ports import CannotOpen


class KeyRingSeals:
    """The port `Seals` over the chassis's key ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def seal(self, values: Mapping[str, str], context: str) -> str:
        """A box."""
        return self._ring.seal(json.dumps(dict(values), sort_keys=True).encode(), context)

    def open(self, box: str, context: str) -> dict[str, str]:
        """What is in the box. Raises `CannotOpen`."""
        try:
            values: dict[str, str] = json.loads(self._ring.open(box, context))
        except SealBroken as error:
            raise CannotOpen(str(error)) from error
        return values

    def needs_reseal(self, box: str) -> bool:
        """Whether the box is under an old key. Raises `CannotOpen`."""
        try:
            return self._ring.needs_reseal(box)
        except SealBroken as error:
            raise CannotOpen(str(error)) from error

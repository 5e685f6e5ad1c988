"""Seals values as JSON under the tenants' data keys, which lie wrapped by the fleet's key ring."""

from __future__ import annotations

import json
from collections.abc import Mapping

from chassis.keyring import DataKey, KeyRing, SealBroken
from tenancy.application.ports import CannotOpen, KeyDestroyed
from tenancy.domain.keys import WrappedKey


class KeyRingSeals:
    """The port `Seals` over the chassis's key ring."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring

    def new_key(self, tenant_id: str, version: int) -> WrappedKey:
        """A new data key, wrapped."""
        return WrappedKey(tenant_id, version, DataKey.make(tenant_id, version).wrap(self._ring))

    def unwraps(self, key: WrappedKey) -> bool:
        """Whether the ring can use the key."""
        try:
            self._unwrapped(key)
        except CannotOpen:
            return False
        return True

    def rewrapped(self, key: WrappedKey) -> WrappedKey | None:
        """The same key under the newest key of the ring; None when it is that already. Raises `CannotOpen`."""
        try:
            if key.wrapped is None or not self._ring.needs_reseal(key.wrapped):
                return None
        except SealBroken as error:
            raise CannotOpen(str(error)) from error
        return WrappedKey(key.tenant_id, key.version, self._unwrapped(key).wrap(self._ring))

    def seal(self, values: Mapping[str, str], context: str, key: WrappedKey) -> str:
        """A box. Raises `CannotOpen` when the key does not unwrap."""
        return self._unwrapped(key).seal(json.dumps(dict(values), sort_keys=True).encode(), context)

    def open(self, box: str, context: str, key: WrappedKey | None) -> dict[str, str]:
        """What is in the box; without a key the ring itself sealed it. Raises `CannotOpen`."""
        try:
            plain = (self._ring if key is None else self._unwrapped(key)).open(box, context)
        except SealBroken as error:
            raise CannotOpen(str(error)) from error
        values: dict[str, str] = json.loads(plain)
        return values

    def _unwrapped(self, key: WrappedKey) -> DataKey:
        if key.wrapped is None:
            raise KeyDestroyed(key.tenant_id)
        try:
            return DataKey.unwrap(self._ring, key.tenant_id, key.version, key.wrapped)
        except SealBroken as error:
            raise CannotOpen(f"the data key of {key.tenant_id} does not unwrap: {error}") from error

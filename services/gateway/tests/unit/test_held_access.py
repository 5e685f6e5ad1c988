from __future__ import annotations

import pytest

from gateway.application.api_ports import AccessUnreachable
from gateway.application.hold_access import AccessUnknown, HeldAccess
from gateway.application.hold_keys import HeldKeys
from gateway.domain.access import Access, VerifiedKey

KEY = VerifiedKey("7", "muster", frozenset({"leads:read"}), None, None)


class Tenancy:
    def __init__(self) -> None:
        self.access = Access(1, {"k1": {"x": "1"}})
        self.keys = {"fdk_a": KEY}
        self.down = False
        self.asked = 0

    async def fetch(self, known_tag: str | None) -> tuple[Access, str | None] | None:
        self.asked += 1
        if self.down:
            raise AccessUnreachable("down")
        tag = str(self.access.version)
        return None if tag == known_tag else (self.access, tag)

    async def verify(self, key: str) -> VerifiedKey | None:
        self.asked += 1
        if self.down:
            raise AccessUnreachable("down")
        return self.keys.get(key)


class Kept:
    def __init__(self, kept: tuple[Access, float] | None = None) -> None:
        self.kept = kept

    async def load(self) -> tuple[Access, float] | None:
        return self.kept

    async def save(self, access: Access, read_at: float) -> None:
        self.kept = (access, read_at)


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


async def test_what_tenancy_said_last_holds_for_the_stated_time_and_no_longer() -> None:
    tenancy, kept, clock = Tenancy(), Kept(), Clock()
    held = HeldAccess(tenancy, kept, 3600, clock)
    assert (await held.current()).version == 1
    tenancy.down = True

    clock.now += 3599
    await held.read()
    assert (await held.current()).version == 1
    assert "holds for 1 s more" in held.notes()[0]

    clock.now += 2
    with pytest.raises(AccessUnknown):
        await held.current()
    assert "refused with 503" in held.notes()[0]

    tenancy.down = False
    await held.read()
    assert (await held.current()).version == 1
    assert held.notes() == []


async def test_a_restart_does_not_make_what_was_kept_younger() -> None:
    tenancy, clock = Tenancy(), Clock()
    tenancy.down = True
    kept = Kept((tenancy.access, clock.now - 3000))
    held = HeldAccess(tenancy, kept, 3600, clock)

    assert (await held.current()).version == 1
    clock.now += 601
    with pytest.raises(AccessUnknown):
        await HeldAccess(tenancy, kept, 3600, clock).current()


async def test_without_anything_read_or_kept_nobody_is_let_in() -> None:
    tenancy = Tenancy()
    tenancy.down = True
    held = HeldAccess(tenancy, Kept(), 3600, Clock())

    with pytest.raises(AccessUnknown):
        await held.current()
    assert "did not say yet" in held.notes()[0]


async def test_an_unknown_signing_key_makes_tenancy_be_asked_again_at_most_once_a_second() -> None:
    tenancy, clock = Tenancy(), Clock()
    held = HeldAccess(tenancy, Kept(), 3600, clock)
    await held.read()
    tenancy.access = Access(2, {"k1": {"x": "1"}, "k2": {"x": "2"}})

    assert await held.key("k2") is None
    clock.now += 1
    assert await held.key("k2") == {"x": "2"}
    asked = tenancy.asked
    assert await held.key("k3") is None
    assert tenancy.asked == asked


async def test_a_good_key_is_asked_for_once_a_minute_and_serves_while_tenancy_is_down() -> None:
    tenancy, clock = Tenancy(), Clock()
    keys = HeldKeys(tenancy, 3600, clock)
    assert await keys.verify("fdk_a") == KEY
    assert await keys.verify("fdk_a") == KEY
    assert tenancy.asked == 1

    clock.now += 60
    tenancy.down = True
    assert await keys.verify("fdk_a") == KEY
    clock.now += 3600
    with pytest.raises(AccessUnknown):
        await keys.verify("fdk_a")


async def test_a_key_that_is_none_is_remembered_but_never_let_in_by_an_outage() -> None:
    tenancy, clock = Tenancy(), Clock()
    keys = HeldKeys(tenancy, 3600, clock)
    assert await keys.verify("fdk_b") is None
    assert await keys.verify("fdk_b") is None
    assert tenancy.asked == 1

    clock.now += 61
    tenancy.down = True
    with pytest.raises(AccessUnknown):
        await keys.verify("fdk_b")


async def test_news_make_a_key_be_asked_for_again() -> None:
    tenancy, clock = Tenancy(), Clock()
    keys = HeldKeys(tenancy, 3600, clock)
    await keys.verify("fdk_a")
    tenancy.keys.clear()

    keys.forget()

    assert await keys.verify("fdk_a") is None

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from gateway.application.hold_hooks import ASK_AGAIN_SECONDS, CURRENT_SECONDS, HeldHooks, RegistryUnread
from gateway.application.ports import FetchedHooks, RegistryUnreachable
from gateway.domain.hook import Hook

HOOK = Hook("h-1", "muster", "mime", "hmac", (b"geheim",))
NEW = Hook("h-2", "muster", "mime", "hmac", (b"geheim",))


@dataclass
class Registry:
    hooks: tuple[Hook, ...] = (HOOK,)
    down: bool = False
    asked: list[str | None] = field(default_factory=list[str | None])

    async def fetch(self, known_tag: str | None) -> FetchedHooks | None:
        self.asked.append(known_tag)
        await asyncio.sleep(0)
        if self.down:
            raise RegistryUnreachable("down")
        tag = f"v{len(self.hooks)}"
        return None if tag == known_tag else FetchedHooks(self.hooks, tag)


@dataclass
class Disk:
    kept: tuple[Hook, ...] | None = None
    saved: asyncio.Queue[tuple[Hook, ...]] = field(default_factory=asyncio.Queue[tuple[Hook, ...]])

    async def load(self) -> tuple[Hook, ...] | None:
        return self.kept

    async def save(self, hooks: tuple[Hook, ...]) -> None:
        self.kept = hooks
        self.saved.put_nowait(hooks)


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_an_unknown_hook_is_unknown_only_after_the_registry_was_read() -> None:
    registry = Registry()
    hooks = HeldHooks(registry, Disk())

    assert await hooks.find_or_read("mime", "nobody") is None
    assert hooks.find("mime", "h-1") == HOOK


async def test_while_the_registry_was_never_read_nobody_is_told_that_a_hook_does_not_exist() -> None:
    hooks = HeldHooks(Registry(down=True), Disk())

    with pytest.raises(RegistryUnread):
        await hooks.find_or_read("mime", "h-1")


async def test_the_gateway_starts_from_its_snapshot_while_tenancy_is_down() -> None:
    hooks = HeldHooks(Registry(down=True), Disk((HOOK,)))

    assert await hooks.find_or_read("mime", "h-1") == HOOK
    with pytest.raises(RegistryUnread):
        await hooks.find_or_read("mime", "newer-than-the-snapshot")


async def test_what_was_read_is_kept_in_the_snapshot() -> None:
    disk = Disk()
    await HeldHooks(Registry(), disk).read()

    assert disk.kept == (HOOK,)


async def test_a_hook_made_a_moment_ago_is_found_by_reading_again() -> None:
    registry, clock = Registry(), Clock()
    hooks = HeldHooks(registry, Disk(), clock)
    await hooks.read()
    registry.hooks = (HOOK, NEW)
    clock.now += ASK_AGAIN_SECONDS

    assert await hooks.find_or_read("mime", "h-2") == NEW


async def test_who_comes_while_the_registry_is_read_waits_for_what_it_says() -> None:
    registry, clock = Registry(), Clock()
    hooks = HeldHooks(registry, Disk(), clock)
    await hooks.read()
    registry.hooks = (HOOK, NEW)
    clock.now += ASK_AGAIN_SECONDS
    first = asyncio.create_task(hooks.find_or_read("mime", "h-2"))
    while len(registry.asked) < 2:
        await asyncio.sleep(0)

    assert await hooks.find_or_read("mime", "h-2") == NEW
    assert await first == NEW


async def test_a_flood_of_unknown_hooks_does_not_flood_tenancy() -> None:
    registry = Registry()
    hooks = HeldHooks(registry, Disk(), Clock())

    await asyncio.gather(*(hooks.find_or_read("mime", f"x-{number}") for number in range(200)))
    await hooks.find_or_read("mime", "another")

    assert len(registry.asked) == 1


async def test_hooks_stay_known_while_tenancy_is_down_but_misses_are_no_longer_sure() -> None:
    registry, clock = Registry(), Clock()
    hooks = HeldHooks(registry, Disk(), clock)
    await hooks.read()
    registry.down = True
    clock.now += CURRENT_SECONDS + 1

    assert await hooks.find_or_read("mime", "h-1") == HOOK
    with pytest.raises(RegistryUnread):
        await hooks.find_or_read("mime", "nobody")
    assert hooks.notes()


async def test_nothing_changed_counts_as_read() -> None:
    registry, clock = Registry(), Clock()
    hooks = HeldHooks(registry, Disk(), clock)
    await hooks.read()
    clock.now += CURRENT_SECONDS + 1
    await hooks.read()

    assert registry.asked == [None, "v1"]
    assert hooks.current
    assert not hooks.notes()


async def test_a_hook_answers_under_its_own_source_alone() -> None:
    hooks = HeldHooks(Registry(), Disk())

    assert await hooks.find_or_read("whatsapp", "h-1") is None


async def test_news_of_a_change_make_the_registry_be_read_at_once() -> None:
    registry, disk = Registry(), Disk()
    hooks = HeldHooks(registry, disk)
    running = asyncio.create_task(hooks.run())
    first = await disk.saved.get()
    registry.hooks = (HOOK, NEW)
    hooks.forget_age()
    second = await disk.saved.get()
    running.cancel()

    assert (first, second) == ((HOOK,), (HOOK, NEW))
    assert hooks.find("mime", "h-2") == NEW

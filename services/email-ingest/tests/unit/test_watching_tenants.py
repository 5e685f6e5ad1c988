"""Whose mailbox is watched, as tenants come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from email_ingest.application import watch_tenants
from email_ingest.application.ports import MailAccount
from email_ingest.application.watch_mailbox import WatchState
from email_ingest.application.watch_tenants import WatchTenants


class House:
    """Tenancy and the mailboxes: each tenant has one."""

    def __init__(self, *tenants: str) -> None:
        self.tenants = set(tenants)

    async def all(self) -> list[str]:
        return sorted(self.tenants)

    async def account(self, tenant_id: str) -> MailAccount | None:
        return MailAccount(tenant_id, f"office@{tenant_id}.test", None, "1")


async def _for_ever(_: MailAccount, state: WatchState) -> None:
    state.watching = True
    await asyncio.Event().wait()


async def _until(fits: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not fits():
            await asyncio.sleep(0.01)


async def test_a_tenant_that_was_suspended_is_no_longer_watched_from_the_news_on_and_again_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch_tenants, "_FIRST_PAUSE", 600.0)
    house = House("acme", "muster")
    watches = WatchTenants(
        tenants=house, mailboxes=house, watch=_for_ever, again_seconds=600,  # pyright: ignore[reportArgumentType]
    )  # fmt: skip

    def watched() -> set[str]:
        return {state.tenant_id for state in watches.states if state.watching}

    running = asyncio.create_task(watches.run())
    await _until(lambda: watched() == {"acme", "muster"})
    house.tenants.remove("acme")
    watches.look_again("acme")
    await _until(lambda: watched() == {"muster"})
    house.tenants.add("acme")
    watches.look_again("acme")
    await _until(lambda: watched() == {"acme", "muster"})
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)

    assert watches.states == []

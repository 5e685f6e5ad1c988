"""Users, their log-ins and sessions over the real app and database; the clock is the test's."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import jwt
import pytest

from chassis.keyring import KeyRing
from contracts.messages.v1 import SendEmail, letter_secret_context
from contracts.tenants.http_v1 import AccessState, VerifiedKey
from tenancy.app import create_service
from tenancy.domain.permissions import SCOPES
from testkit.service import RunningService, running

PASSWORD = "drei gelbe Blumentöpfe"
ANOTHER = "vier blaue Gießkannen"
CHEAP = {"TENANCY_ARGON2_PASSES": "1", "TENANCY_ARGON2_MEMORY_KIB": "64", "TENANCY_ARGON2_LANES": "1"}
WORDS = {"signature": "S", "imprint": "I", "ai_notice": "N"}


@dataclass
class Clock:
    """Time as the test wants it."""

    moved: timedelta = field(default_factory=timedelta)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.moved

    def pass_by(self, **span: float) -> None:
        self.moved += timedelta(**span)


CLOCK = Clock()


@pytest.fixture(scope="module")
async def tenancy(environment: dict[str, str]) -> AsyncIterator[RunningService]:
    async with running(partial(create_service, clock=CLOCK), {**environment, **CHEAP}) as service:
        yield service


@dataclass
class Somebody:
    """A user, and the headers by which the gateway vouches for him."""

    email: str
    user_id: str
    tenant_id: str
    role: str

    @property
    def headers(self) -> dict[str, str]:
        scopes = " ".join(sorted(SCOPES[self.role]))  # type: ignore[index]
        return {
            "X-Tenant-Id": self.tenant_id,
            "X-Actor": f"user:{self.user_id}",
            "X-Role": self.role,
            "X-Scopes": scopes,
        }


def admin_of(tenancy: RunningService, tenant_id: str) -> dict[str, str]:
    token = tenancy.service.settings.admin_token.get_secret_value()
    return {"Authorization": f"Bearer {token}", "X-Tenant-Id": tenant_id}


async def make_tenant(tenancy: RunningService, language: str = "de") -> str:
    tenant_id = f"leute-{uuid4().hex[:10]}"
    document = {
        "name": "Müßig Immobilien", "mailbox": "office@x.test", "display_name": "Müßig", "agent_email": "agent@x.test",
        "texts": {"de": WORDS, "en": WORDS}, "language": language,
    }  # fmt: skip
    answer = await tenancy.http.put(f"/api/v1/tenants/{tenant_id}", json=document)
    assert answer.status_code == 201, answer.text
    return tenant_id


@pytest.fixture
async def tenant_id(tenancy: RunningService) -> str:
    return await make_tenant(tenancy)


async def join(
    tenancy: RunningService, tenant_id: str, role: str = "tenant_admin", email: str = ""
) -> Somebody:
    """A new user, invited by those who run the fleet."""
    email = email or f"anna-{uuid4().hex[:8]}@müßig.test"
    invited = await tenancy.http.post(
        "/api/v1/users/invitations", json={"email": email, "role": role}, headers=admin_of(tenancy, tenant_id)
    )
    assert invited.status_code == 201, invited.text
    token = invited.json()["link"].partition("#")[2]
    accepted = await accept(tenancy, token)
    assert accepted.status_code == 201, accepted.text
    return Somebody(email, accepted.json()["user_id"], tenant_id, role)


async def accept(tenancy: RunningService, token: str, password: str = PASSWORD) -> httpx.Response:
    document = {"token": token, "password": password, "name": "Anna Müßig"}
    return await tenancy.http.post("/api/v1/auth/invitations/accept", json=document)


async def log_in(
    tenancy: RunningService, email: str, password: str = PASSWORD, client: str = ""
) -> httpx.Response:
    document = {"email": email, "password": password}
    headers = {"X-Forwarded-For": client or f"10.{uuid4().bytes[0]}.{uuid4().bytes[0]}.{uuid4().bytes[0]}"}
    return await tenancy.http.post("/api/v1/auth/login", json=document, headers=headers)


async def refresh(tenancy: RunningService, token: str) -> httpx.Response:
    return await tenancy.http.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def tokens(tenancy: RunningService, somebody: Somebody, password: str = PASSWORD) -> dict[str, Any]:
    answer = await log_in(tenancy, somebody.email, password)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def access(tenancy: RunningService) -> AccessState:
    return AccessState.model_validate_json((await tenancy.http.get("/internal/access")).content)


async def claims_of(tenancy: RunningService, token: str) -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict((await tenancy.http.get("/.well-known/jwks.json")).json())
    key = keys[jwt.get_unverified_header(token)["kid"]]
    options = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(
        token, key, algorithms=["EdDSA"], audience="frontdesk-api", issuer="frontdesk", options=options
    )


async def audit(tenancy: RunningService, tenant_id: str) -> list[tuple[str, str]]:
    rows = (await tenancy.http.get(f"/api/v1/tenants/{tenant_id}/audit")).json()
    return [(row["actor"], row["action"]) for row in reversed(rows)]


async def test_who_logs_in_gets_a_token_that_says_who_he_is_and_what_he_may(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id, "agent")

    granted = await tokens(tenancy, anna)

    claims = await claims_of(tenancy, granted["access_token"])
    header = jwt.get_unverified_header(granted["access_token"])
    assert (header["alg"], header["typ"]) == ("EdDSA", "at+jwt")
    assert (claims["sub"], claims["tenant"], claims["role"]) == (anna.user_id, tenant_id, "agent")
    assert set(claims["scope"].split()) == SCOPES["agent"]
    assert claims["sid"] == granted["session_id"]
    assert claims["exp"] - claims["iat"] == granted["expires_in"] == 600


async def test_an_address_is_the_same_in_capitals_and_with_its_umlauts_in_either_form(
    tenancy: RunningService, tenant_id: str
) -> None:
    name = f"bert-{uuid4().hex[:8]}"
    await join(tenancy, tenant_id, "agent", f"{name}@müßig.test")

    for written in (f" {name.upper()}@MÜSSIG.test".replace("SS", "ß"), f"{name}@xn--mig-5ka8l.test"):
        answer = await log_in(tenancy, written)
        assert answer.status_code == 200, (written, answer.text)


async def test_a_wrong_password_and_an_unknown_address_have_the_same_answer(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id)

    wrong = await log_in(tenancy, anna.email, ANOTHER)
    unknown = await log_in(tenancy, f"nobody-{uuid4().hex}@müßig.test", ANOTHER)
    no_address = await log_in(tenancy, "kein\x00 Name", ANOTHER)

    assert wrong.status_code == 401
    assert wrong.headers["content-type"] == "application/problem+json"
    assert wrong.json() == unknown.json() == no_address.json()


async def test_after_five_wrong_passwords_an_account_waits_longer_and_longer_even_with_the_right_one(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id)
    for _ in range(5):
        assert (await log_in(tenancy, anna.email, ANOTHER)).status_code == 401

    locked = await log_in(tenancy, anna.email)
    unknown = [await log_in(tenancy, f"niemand@{tenant_id}.test", ANOTHER) for _ in range(6)]
    CLOCK.pass_by(seconds=31)
    sixth = await log_in(tenancy, anna.email, ANOTHER)
    CLOCK.pass_by(seconds=31)
    still = await log_in(tenancy, anna.email)
    CLOCK.pass_by(seconds=31)
    free = await log_in(tenancy, anna.email)

    assert (locked.status_code, locked.headers["retry-after"]) == (429, "30")
    assert [answer.status_code for answer in unknown] == [401] * 5 + [429]
    assert sixth.status_code == 401
    assert still.status_code == 429
    assert 0 < int(still.headers["retry-after"]) <= 30
    assert free.status_code == 200
    assert ("nobody", "login.locked") in await audit(tenancy, tenant_id)
    assert (
        await log_in(tenancy, anna.email, ANOTHER)
    ).status_code == 401  # the right password forgave the wrong ones


async def test_many_guesses_at_once_do_not_slip_past_the_lock(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id)

    answers = await asyncio.gather(*(log_in(tenancy, anna.email, ANOTHER) for _ in range(12)))

    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_a_client_address_that_tries_many_accounts_is_locked_and_a_made_up_one_is_not_believed(
    tenancy: RunningService,
) -> None:
    client = f"2001:db8:{uuid4().hex[:4]}::"
    tried = [
        await log_in(tenancy, f"{uuid4().hex}@x.test", ANOTHER, client=f"1.2.3.4, {client}{number}")
        for number in range(1, 32)
    ]

    assert [answer.status_code for answer in tried] == [401] * 30 + [429]
    other = await log_in(tenancy, f"{uuid4().hex}@x.test", ANOTHER, client="10.9.8.7")
    assert other.status_code == 401


async def test_a_refresh_token_is_good_once_and_hands_out_the_next(
    tenancy: RunningService, tenant_id: str
) -> None:
    granted = await tokens(tenancy, await join(tenancy, tenant_id))

    first = await refresh(tenancy, granted["refresh_token"])
    second = await refresh(tenancy, first.json()["refresh_token"])

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["session_id"] == second.json()["session_id"] == granted["session_id"]
    assert first.headers["cache-control"] == "no-store"


async def test_a_refresh_token_that_comes_twice_ends_its_whole_session(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id)
    granted, other = await tokens(tenancy, anna), await tokens(tenancy, anna)
    newer = (await refresh(tenancy, granted["refresh_token"])).json()

    stolen = await refresh(tenancy, granted["refresh_token"])

    assert stolen.status_code == 401
    assert (await refresh(tenancy, newer["refresh_token"])).status_code == 401
    assert (await refresh(tenancy, other["refresh_token"])).status_code == 200
    assert granted["session_id"] in (await access(tenancy)).revoked
    assert other["session_id"] not in (await access(tenancy)).revoked
    assert (f"user:{anna.user_id}", "session.token_reused") in await audit(tenancy, tenant_id)


async def test_of_two_refreshes_at_once_at_most_one_is_answered_and_the_session_ends(
    tenancy: RunningService, tenant_id: str
) -> None:
    granted = await tokens(tenancy, await join(tenancy, tenant_id))

    both = await asyncio.gather(*(refresh(tenancy, granted["refresh_token"]) for _ in range(2)))

    assert sorted(answer.status_code for answer in both) == [200, 401]
    winner = next(answer for answer in both if answer.status_code == 200)
    assert (await refresh(tenancy, winner.json()["refresh_token"])).status_code == 401


async def test_what_is_no_refresh_token_of_ours_ends_nothing(tenancy: RunningService, tenant_id: str) -> None:
    granted = await tokens(tenancy, await join(tenancy, tenant_id))
    good: str = granted["refresh_token"]
    stranger = await make_tenant(tenancy)

    for bad in (good[:-3] + "AAA", good.replace(tenant_id, stranger), "x", good.replace("fdr_", "fdk_")):
        assert (await refresh(tenancy, bad)).status_code == 401, bad

    assert (await refresh(tenancy, good)).status_code == 200


async def test_a_session_ends_when_it_is_left_alone_and_when_it_is_old(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id)
    idle, used = await tokens(tenancy, anna), await tokens(tenancy, anna)
    try:
        CLOCK.pass_by(hours=71)
        used = (await refresh(tenancy, used["refresh_token"])).json()
        CLOCK.pass_by(hours=2)
        assert (await refresh(tenancy, idle["refresh_token"])).status_code == 401
        for _ in range(10):
            CLOCK.pass_by(hours=64)
            used = (await refresh(tenancy, used["refresh_token"])).json()
        CLOCK.pass_by(days=2)
        assert (await refresh(tenancy, used["refresh_token"])).status_code == 401
    finally:
        CLOCK.moved = timedelta()


async def test_who_logs_out_is_out_here_or_everywhere(tenancy: RunningService, tenant_id: str) -> None:
    anna = await join(tenancy, tenant_id)
    here, there, elsewhere = [await tokens(tenancy, anna) for _ in range(3)]

    out = await tenancy.http.post("/api/v1/auth/logout", json={"refresh_token": here["refresh_token"]})
    left = (await tenancy.http.get("/api/v1/auth/sessions", headers=anna.headers)).json()
    assert out.status_code == 204
    assert (await refresh(tenancy, here["refresh_token"])).status_code == 401
    assert [each["session_id"] for each in left] == [elsewhere["session_id"], there["session_id"]]

    everywhere = await tenancy.http.post("/api/v1/auth/logout-everywhere", headers=anna.headers)
    assert everywhere.status_code == 204
    for granted in (there, elsewhere):
        assert (await refresh(tenancy, granted["refresh_token"])).status_code == 401
    assert {each["session_id"] for each in (here, there, elsewhere)} <= set((await access(tenancy)).revoked)


async def test_one_session_of_mine_can_be_ended_but_none_of_somebody_else(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna, bert = await join(tenancy, tenant_id), await join(tenancy, tenant_id, "agent")
    annas = (await tokens(tenancy, anna))["session_id"]

    foreign = await tenancy.http.delete(f"/api/v1/auth/sessions/{annas}", headers=bert.headers)
    own = await tenancy.http.delete(f"/api/v1/auth/sessions/{annas}", headers=anna.headers)

    assert (foreign.status_code, own.status_code) == (404, 204)


async def test_signing_keys_turn_and_the_old_ones_stay_published_until_their_tokens_have_expired(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id)
    before = (await tokens(tenancy, anna))["access_token"]
    super_admin = {
        "X-Tenant-Id": "fleet",
        "X-Actor": "user:x",
        "X-Role": "super_admin",
        "X-Scopes": "fleet:write",
    }

    refused = await tenancy.http.post("/api/v1/auth/keys/turn", json={}, headers=anna.headers)
    turned = await tenancy.http.post("/api/v1/auth/keys/turn", json={}, headers=super_admin)

    assert (refused.status_code, turned.status_code) == (403, 201)
    at_once = (await tokens(tenancy, anna))["access_token"]
    try:
        CLOCK.pass_by(seconds=61)
        later = (await tokens(tenancy, anna))["access_token"]
        old, unsettled, new = [jwt.get_unverified_header(each)["kid"] for each in (before, at_once, later)]
        # It is published before it signs, so that the gateway knows it.
        assert (unsettled, new) == (old, turned.json()["key_id"])
        assert {old, new} <= {key["kid"] for key in (await access(tenancy)).keys}
        assert (await claims_of(tenancy, before))["sub"] == anna.user_id

        CLOCK.pass_by(minutes=20)
        await keep_order(tenancy)
        assert old not in {key["kid"] for key in (await access(tenancy)).keys}
    finally:
        CLOCK.moved = timedelta()

    thrown_away = await tenancy.http.post(
        "/api/v1/auth/keys/turn", json={"compromised": True}, headers=super_admin
    )
    assert [key["kid"] for key in (await access(tenancy)).keys] == [thrown_away.json()["key_id"]]
    newest = (await tokens(tenancy, anna))["access_token"]
    assert jwt.get_unverified_header(newest)["kid"] == thrown_away.json()["key_id"]


async def test_a_signing_key_is_renewed_by_age(tenancy: RunningService, tenant_id: str) -> None:
    await tokens(tenancy, await join(tenancy, tenant_id))
    before = (await access(tenancy)).keys[0]["kid"]
    try:
        CLOCK.pass_by(days=31)
        await keep_order(tenancy)
        newest = (await access(tenancy)).keys[0]["kid"]
    finally:
        CLOCK.moved = timedelta()
    assert newest != before


async def keep_order(tenancy: RunningService) -> None:
    work = tenancy.service._background["people-in-order"]  # the timer's own object, which runs hourly
    await work.__self__.once()  # type: ignore[attr-defined]


async def test_the_state_of_access_is_fetched_again_only_when_it_changed(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id)
    await tokens(tenancy, anna)
    first = await tenancy.http.get("/internal/access")
    same = await tenancy.http.get("/internal/access", headers={"If-None-Match": first.headers["etag"]})
    await tenancy.http.post("/api/v1/auth/logout-everywhere", headers=anna.headers)
    changed = await tenancy.http.get("/internal/access", headers={"If-None-Match": first.headers["etag"]})
    by_admin = await tenancy.http.get("/internal/access", headers=admin_of(tenancy, tenant_id))

    assert (same.status_code, changed.status_code, by_admin.status_code) == (304, 200, 403)
    assert changed.json()["version"] > first.json()["version"]


async def test_an_invitation_is_mailed_in_the_companys_language_and_its_link_lies_in_clear_nowhere(
    tenancy: RunningService,
) -> None:
    tenant_id = await make_tenant(tenancy, "en")
    admin = await join(tenancy, tenant_id)

    invited = await tenancy.http.post(
        "/api/v1/users/invitations", json={"email": "Carl@Müßig.test", "role": "agent"}, headers=admin.headers
    )

    assert invited.status_code == 201, invited.text
    assert (invited.json()["link"], invited.json()["email"]) == (None, "carl@müßig.test")
    invitation_id = invited.json()["invitation_id"]
    letter = await tenancy.wire.heard(SendEmail, lambda email: email.lead_id == invitation_id)
    assert letter.to == ("carl@xn--mig-5ka8l.test",)
    assert "set up an account" in letter.text
    assert "{secret}" in letter.text
    assert "fdi_" not in letter.model_dump_json()
    ring = KeyRing.from_secret(tenancy.service.settings.master_key)
    assert letter.secret is not None
    link = ring.open(letter.secret, letter_secret_context(tenant_id, invitation_id)).decode()
    assert link.startswith("http://127.0.0.1:8000/invitation#fdi_")

    joined = await accept(tenancy, link.partition("#")[2])
    again = await accept(tenancy, link.partition("#")[2])
    assert (joined.status_code, again.status_code) == (201, 410)
    assert joined.json()["role"] == "agent"
    assert (await log_in(tenancy, "carl@müßig.test")).status_code == 200
    assert (f"user:{admin.user_id}", "user.invited") in await audit(tenancy, tenant_id)


async def test_an_invitation_that_was_replaced_taken_back_or_is_too_old_is_not_good(
    tenancy: RunningService, tenant_id: str
) -> None:
    by, links = admin_of(tenancy, tenant_id), []
    for number in (1, 1, 2, 3):
        document = {"email": f"dora{number}@{tenant_id}.test", "role": "agent"}
        invited = (await tenancy.http.post("/api/v1/users/invitations", json=document, headers=by)).json()
        links.append(invited["link"].partition("#")[2])
        if number == 2:
            await tenancy.http.delete(f"/api/v1/users/invitations/{invited['invitation_id']}", headers=by)
    open_ones = (await tenancy.http.get("/api/v1/users/invitations", headers=by)).json()
    assert [each["email"] for each in open_ones] == [f"dora1@{tenant_id}.test", f"dora3@{tenant_id}.test"]

    replaced, taken_back = await accept(tenancy, links[0]), await accept(tenancy, links[2])
    good = await accept(tenancy, links[1])
    try:
        CLOCK.pass_by(days=8)
        too_old = await accept(tenancy, links[3])
    finally:
        CLOCK.moved = timedelta()

    assert [each.status_code for each in (replaced, taken_back, good, too_old)] == [410, 410, 201, 410]


async def test_an_address_belongs_to_one_account_and_only_its_owner_is_told(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id)
    elsewhere = await make_tenant(tenancy)
    document = {"email": anna.email, "role": "agent"}

    here = await tenancy.http.post(
        "/api/v1/users/invitations", json=document, headers=admin_of(tenancy, tenant_id)
    )
    there = await tenancy.http.post(
        "/api/v1/users/invitations", json=document, headers=admin_of(tenancy, elsewhere)
    )

    assert (here.status_code, there.status_code) == (409, 201)
    accepted = await accept(tenancy, there.json()["link"].partition("#")[2])
    assert accepted.status_code == 409
    assert (await tenancy.http.get("/api/v1/users", headers=admin_of(tenancy, elsewhere))).json() == []


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("kurz", "shorter than 12"),
        ("Passwort12345", "everybody tries"),
        ("aaaaaaaaaaaaaaaa", "everybody tries"),
        ("ich bin emil-erich!", "contains the e-mail address"),
        ("ä" * 300, "longer than 256"),
    ],
)
async def test_a_poor_password_is_refused_in_words(
    tenancy: RunningService, tenant_id: str, password: str, words: str
) -> None:
    document = {"email": f"emil-erich@{tenant_id}.test", "role": "agent"}
    by = admin_of(tenancy, tenant_id)
    invited = await tenancy.http.post("/api/v1/users/invitations", json=document, headers=by)

    refused = await accept(tenancy, invited.json()["link"].partition("#")[2], password)

    assert refused.status_code == 422
    assert words in refused.json()["detail"]
    assert password not in refused.text


async def test_a_new_password_ends_all_sessions_and_a_better_hash_is_taken_over(
    tenancy: RunningService, tenant_id: str, database_url: str
) -> None:
    anna = await join(tenancy, tenant_id)
    granted = await tokens(tenancy, anna)
    change = {"current": ANOTHER, "new": ANOTHER}

    wrong = await tenancy.http.post("/api/v1/auth/password", json=change, headers=anna.headers)
    changed = await tenancy.http.post(
        "/api/v1/auth/password", json={**change, "current": PASSWORD}, headers=anna.headers
    )

    assert (wrong.status_code, changed.status_code) == (401, 204)
    assert (await refresh(tenancy, granted["refresh_token"])).status_code == 401
    assert (await log_in(tenancy, anna.email)).status_code == 401
    await tokens(tenancy, anna, ANOTHER)
    connection = await asyncpg.connect(database_url)
    try:
        stored = "select password_hash from tenancy.users where user_id = $1"
        from pwdlib.hashers.argon2 import Argon2Hasher

        older = Argon2Hasher(time_cost=2, memory_cost=32, parallelism=1).hash(ANOTHER)
        await connection.execute(
            "update tenancy.users set password_hash = $1 where user_id = $2", older, anna.user_id
        )
        await tokens(tenancy, anna, ANOTHER)
        assert "m=64,t=1,p=1" in await connection.fetchval(stored, anna.user_id)
    finally:
        await connection.close()


async def test_a_forgotten_password_is_set_anew_by_a_mailed_link_once(
    tenancy: RunningService, tenant_id: str
) -> None:
    anna = await join(tenancy, tenant_id)
    granted = await tokens(tenancy, anna)
    forgotten = "/api/v1/auth/password/forgotten"

    known = await tenancy.http.post(forgotten, json={"email": anna.email.upper()})
    unknown = await tenancy.http.post(forgotten, json={"email": "niemand@müßig.test"})

    assert (known.status_code, known.text) == (unknown.status_code, unknown.text) == (202, "null")
    letter = await tenancy.wire.heard(
        SendEmail,
        lambda email: "Passwort" in email.subject and email.to[0].startswith(anna.email.partition("@")[0]),
    )
    ring = KeyRing.from_secret(tenancy.service.settings.master_key)
    link = ring.open(letter.secret or "", letter_secret_context(tenant_id, letter.lead_id)).decode()
    document = {"token": link.partition("#")[2], "password": ANOTHER}
    reset = [await tenancy.http.post("/api/v1/auth/password/reset", json=document) for _ in range(2)]
    assert [answer.status_code for answer in reset] == [204, 410]
    assert (await refresh(tenancy, granted["refresh_token"])).status_code == 401
    await tokens(tenancy, anna, ANOTHER)


async def test_a_link_for_a_password_is_good_for_an_hour(tenancy: RunningService, tenant_id: str) -> None:
    anna = await join(tenancy, tenant_id)
    made = await tenancy.http.post(
        f"/api/v1/users/{anna.user_id}/password-link", headers=admin_of(tenancy, tenant_id)
    )
    document = {"token": made.json()["link"].partition("#")[2], "password": ANOTHER}
    try:
        CLOCK.pass_by(minutes=61)
        late = await tenancy.http.post("/api/v1/auth/password/reset", json=document)
    finally:
        CLOCK.moved = timedelta()
    in_time = await tenancy.http.post("/api/v1/auth/password/reset", json=document)

    assert (late.status_code, in_time.status_code) == (410, 204)


def decoded(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


async def test_the_first_super_admin_is_invited_with_the_admin_token(tenancy: RunningService) -> None:
    document = {"email": f"chef-{uuid4().hex[:8]}@frontdesk.test", "role": "super_admin"}

    invited = await tenancy.http.post(
        "/api/v1/users/invitations", json=document, headers=admin_of(tenancy, "fleet")
    )
    wrong_role = await tenancy.http.post(
        "/api/v1/users/invitations", json={**document, "role": "agent"}, headers=admin_of(tenancy, "fleet")
    )

    assert invited.status_code == 201, invited.text
    assert wrong_role.status_code == 422
    accepted = await accept(tenancy, invited.json()["link"].partition("#")[2])
    assert accepted.status_code == 201, accepted.text
    granted = await log_in(tenancy, document["email"])
    claims = decoded(granted.json()["access_token"])
    assert (claims["tenant"], claims["role"]) == ("fleet", "super_admin")
    me = Somebody(document["email"], accepted.json()["user_id"], "fleet", "super_admin")
    looking_at_a_company = {**me.headers, "X-Tenant-Id": await make_tenant(tenancy)}
    shown = await tenancy.http.get("/api/v1/auth/me", headers=looking_at_a_company)
    assert shown.json()["user_id"] == me.user_id


async def test_a_key_that_the_gateway_asks_for_is_verified(tenancy: RunningService, tenant_id: str) -> None:
    anna = await join(tenancy, tenant_id)
    document = {
        "name": "Website", "scopes": ["leads:read", "files:read"], "requests_per_minute": 30,
        "expires_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }  # fmt: skip

    made = await tenancy.http.post("/api/v1/api-keys", json=document, headers=anna.headers)

    assert made.status_code == 201, made.text
    key = made.json()["key"]
    assert key.startswith(f"fdk_{tenant_id}_{made.json()['key_id']}_")
    listed = await tenancy.http.get("/api/v1/api-keys", headers=anna.headers)
    assert key.rpartition("_")[2] not in listed.text
    verified = await tenancy.http.post("/internal/api-keys/verify", json={"key": key})
    found = VerifiedKey.model_validate_json(verified.content)
    assert (found.tenant_id, found.scopes, found.requests_per_minute) == (
        tenant_id,
        ("files:read", "leads:read"),
        30,
    )
    assert (await tenancy.http.get("/api/v1/api-keys", headers=anna.headers)).json()[0][
        "last_used_at"
    ] is not None
    for bad in (f"{key[:-3]}AAA", key.replace(tenant_id, await make_tenant(tenancy)), "x"):
        answer = await tenancy.http.post("/internal/api-keys/verify", json={"key": bad})
        assert answer.status_code == 404, bad
    try:
        CLOCK.pass_by(days=31)
        expired = await tenancy.http.post("/internal/api-keys/verify", json={"key": key})
    finally:
        CLOCK.moved = timedelta()
    revoked = await tenancy.http.delete(f"/api/v1/api-keys/{found.key_id}", headers=anna.headers)
    assert (expired.status_code, revoked.status_code) == (404, 204)
    assert (await tenancy.http.post("/internal/api-keys/verify", json={"key": key})).status_code == 404
    assert found.key_id in (await access(tenancy)).revoked
    assert (f"user:{anna.user_id}", "api_key.revoked") in await audit(tenancy, tenant_id)

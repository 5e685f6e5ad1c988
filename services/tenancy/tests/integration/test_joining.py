"""Invitations and passwords, from the letter to the log-in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import asyncpg
import jwt
import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from contracts.messages.v1 import SendEmail
from tenancy.app import create_service
from testkit.people import ANOTHER_PASSWORD, CHEAP_HASHES, PASSWORD, Clock, People, Somebody
from testkit.service import running

CLOCK = Clock()


@pytest.fixture(scope="module")
async def people(environment: dict[str, str]) -> AsyncIterator[People]:
    async with running(partial(create_service, clock=CLOCK), {**environment, **CHEAP_HASHES}) as service:
        yield People(service)


@pytest.fixture
async def tenant_id(people: People) -> str:
    return await people.company()


async def test_an_invitation_is_mailed_in_the_companys_language_and_its_link_lies_in_clear_nowhere(
    people: People,
) -> None:
    tenant_id = await people.company("en")
    admin = await people.join(tenant_id)

    invited = await people.http.post(
        "/api/v1/users/invitations", json={"email": "Carl@Müßig.test", "role": "agent"}, headers=admin.headers
    )

    assert invited.status_code == 201, invited.text
    assert (invited.json()["link"], invited.json()["email"]) == (None, "carl@müßig.test")
    invitation_id = invited.json()["invitation_id"]
    letter = await people.tenancy.wire.heard(SendEmail, lambda email: email.lead_id == invitation_id)
    assert letter.to == ("carl@xn--mig-5ka8l.test",)
    assert "set up an account" in letter.text
    assert "{secret}" in letter.text
    assert "fdi_" not in letter.model_dump_json()
    link = people.link_in(letter, tenant_id)
    assert link.startswith("http://127.0.0.1:8000/invitation#fdi_")

    joined = await people.accept(link)
    again = await people.accept(link)
    assert (joined.status_code, again.status_code) == (201, 410)
    assert joined.json()["role"] == "agent"
    assert (await people.log_in("carl@müßig.test")).status_code == 200
    assert (f"user:{admin.user_id}", "user.invited") in await people.audit(tenant_id)


async def test_an_invitation_that_was_replaced_taken_back_or_is_too_old_is_not_good(
    people: People, tenant_id: str
) -> None:
    by, links = people.admin(tenant_id), []
    for number in (1, 1, 2, 3):
        document = {"email": f"dora{number}@{tenant_id}.test", "role": "agent"}
        invited = (await people.http.post("/api/v1/users/invitations", json=document, headers=by)).json()
        links.append(invited["link"])
        if number == 2:
            await people.http.delete(f"/api/v1/users/invitations/{invited['invitation_id']}", headers=by)
    open_ones = (await people.http.get("/api/v1/users/invitations", headers=by)).json()
    assert [each["email"] for each in open_ones] == [f"dora1@{tenant_id}.test", f"dora3@{tenant_id}.test"]

    replaced, taken_back = await people.accept(links[0]), await people.accept(links[2])
    good = await people.accept(links[1])
    try:
        CLOCK.pass_by(days=8)
        too_old = await people.accept(links[3])
    finally:
        CLOCK.reset()

    assert [each.status_code for each in (replaced, taken_back, good, too_old)] == [410, 410, 201, 410]


async def test_a_link_with_a_guessed_secret_is_not_good(people: People, tenant_id: str) -> None:
    invited = (await people.invite(tenant_id, f"fritz@{tenant_id}.test")).json()
    anna = await people.join(tenant_id)
    made = await people.http.post(
        f"/api/v1/users/{anna.user_id}/password-link", headers=people.admin(tenant_id)
    )
    guessed = f"{made.json()['link'].partition('#')[2][:-4]}AAAA"
    document = {"token": guessed, "password": ANOTHER_PASSWORD}

    accepted = await people.accept(f"{invited['link'][:-4]}AAAA")
    reset = await people.http.post("/api/v1/auth/password/reset", json=document)

    assert (accepted.status_code, reset.status_code) == (410, 410)


async def test_an_address_belongs_to_one_account_and_only_its_owner_is_told(
    people: People, tenant_id: str
) -> None:
    anna = await people.join(tenant_id)
    elsewhere = await people.company()
    document = {"email": anna.email, "role": "agent"}

    here = await people.http.post("/api/v1/users/invitations", json=document, headers=people.admin(tenant_id))
    there = await people.http.post(
        "/api/v1/users/invitations", json=document, headers=people.admin(elsewhere)
    )

    assert (here.status_code, there.status_code) == (409, 201)
    accepted = await people.accept(there.json()["link"])
    assert accepted.status_code == 409
    assert (await people.http.get("/api/v1/users", headers=people.admin(elsewhere))).json() == []


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
    people: People, tenant_id: str, password: str, words: str
) -> None:
    document = {"email": f"emil-erich@{tenant_id}.test", "role": "agent"}
    by = people.admin(tenant_id)
    invited = await people.http.post("/api/v1/users/invitations", json=document, headers=by)

    refused = await people.accept(invited.json()["link"], password)

    assert refused.status_code == 422
    assert words in refused.json()["detail"]
    assert password not in refused.text


async def test_a_new_password_ends_all_sessions_and_a_better_hash_is_taken_over(
    people: People, tenant_id: str, database_url: str
) -> None:
    anna = await people.join(tenant_id)
    granted = await people.tokens(anna)
    change = {"current": ANOTHER_PASSWORD, "new": ANOTHER_PASSWORD}

    wrong = await people.http.post("/api/v1/auth/password", json=change, headers=anna.headers)
    changed = await people.http.post(
        "/api/v1/auth/password", json={**change, "current": PASSWORD}, headers=anna.headers
    )

    assert (wrong.status_code, changed.status_code) == (401, 204)
    assert (await people.refresh(granted)).status_code == 401
    assert (await people.log_in(anna.email)).status_code == 401
    await people.tokens(anna, ANOTHER_PASSWORD)
    connection = await asyncpg.connect(database_url)
    try:
        stored = "select password_hash from tenancy.users where user_id = $1"
        older = Argon2Hasher(time_cost=2, memory_cost=32, parallelism=1).hash(ANOTHER_PASSWORD)
        await connection.execute(
            "update tenancy.users set password_hash = $1 where user_id = $2", older, anna.user_id
        )
        await people.tokens(anna, ANOTHER_PASSWORD)
        assert "m=64,t=1,p=1" in await connection.fetchval(stored, anna.user_id)
    finally:
        await connection.close()


async def test_a_forgotten_password_is_set_anew_by_a_mailed_link_once(people: People, tenant_id: str) -> None:
    anna = await people.join(tenant_id)
    granted = await people.tokens(anna)
    forgotten = "/api/v1/auth/password/forgotten"

    known = await people.http.post(forgotten, json={"email": anna.email.replace("anna", "ANNA")})
    unknown = await people.http.post(forgotten, json={"email": "niemand@müßig.test"})

    assert (known.status_code, known.text) == (unknown.status_code, unknown.text) == (202, "null")
    letter = await people.tenancy.wire.heard(
        SendEmail,
        lambda email: "Passwort" in email.subject and email.to[0].startswith(anna.email.partition("@")[0]),
    )
    link = people.link_in(letter, tenant_id)
    document = {"token": link.partition("#")[2], "password": ANOTHER_PASSWORD}
    reset = [await people.http.post("/api/v1/auth/password/reset", json=document) for _ in range(2)]
    assert [answer.status_code for answer in reset] == [204, 410]
    assert (await people.refresh(granted)).status_code == 401
    await people.tokens(anna, ANOTHER_PASSWORD)


async def test_a_link_for_a_password_is_good_for_an_hour(people: People, tenant_id: str) -> None:
    anna = await people.join(tenant_id)
    made = await people.http.post(
        f"/api/v1/users/{anna.user_id}/password-link", headers=people.admin(tenant_id)
    )
    document = {"token": made.json()["link"].partition("#")[2], "password": ANOTHER_PASSWORD}
    try:
        CLOCK.pass_by(minutes=61)
        late = await people.http.post("/api/v1/auth/password/reset", json=document)
    finally:
        CLOCK.reset()
    in_time = await people.http.post("/api/v1/auth/password/reset", json=document)

    assert (late.status_code, in_time.status_code) == (410, 204)


async def test_the_first_super_admin_is_invited_with_the_admin_token(people: People) -> None:
    document = {"email": f"chef-{uuid4().hex[:8]}@frontdesk.test", "role": "super_admin"}

    invited = await people.http.post(
        "/api/v1/users/invitations", json=document, headers=people.admin("fleet")
    )
    wrong_role = await people.http.post(
        "/api/v1/users/invitations", json={**document, "role": "agent"}, headers=people.admin("fleet")
    )

    assert invited.status_code == 201, invited.text
    assert wrong_role.status_code == 422
    accepted = await people.accept(invited.json()["link"])
    assert accepted.status_code == 201, accepted.text
    granted = await people.log_in(document["email"])
    claims = jwt.decode(granted.json()["access_token"], options={"verify_signature": False})
    assert (claims["tenant"], claims["role"]) == ("fleet", "super_admin")
    me = Somebody(document["email"], accepted.json()["user_id"], "fleet", "super_admin")
    looking_at_a_company = {**me.headers, "X-Tenant-Id": await people.company()}
    shown = await people.http.get("/api/v1/auth/me", headers=looking_at_a_company)
    assert shown.json()["user_id"] == me.user_id

"""Users and API keys as a company's admins manage them, and what one company never learns of another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from tenancy.app import create_service
from testkit.people import CHEAP_HASHES, People, Somebody
from testkit.service import running

OF_TENANTS = (
    "users",
    "invitations",
    "password_links",
    "sessions",
    "refresh_tokens",
    "api_keys",
    "microsoft_directories",
)


@pytest.fixture(scope="module")
async def people(environment: dict[str, str]) -> AsyncIterator[People]:
    async with running(create_service, {**environment, **CHEAP_HASHES}) as service:
        yield People(service)


@pytest.fixture
async def tenant_id(people: People) -> str:
    return await people.company()


async def give_role(people: People, by: dict[str, str], user_id: str, role: str) -> httpx.Response:
    return await people.http.put(f"/api/v1/users/{user_id}/role", json={"role": role}, headers=by)


async def change(people: People, by: dict[str, str], user_id: str, what: str) -> httpx.Response:
    if what == "remove":
        return await people.http.delete(f"/api/v1/users/{user_id}", headers=by)
    return await people.http.post(f"/api/v1/users/{user_id}/{what}", headers=by)


async def make_key(people: People, by: dict[str, str], *scopes: str, **fields: Any) -> httpx.Response:
    expires_at = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    document = {"name": "Website", "scopes": scopes, "expires_at": expires_at, **fields}
    return await people.http.post("/api/v1/api-keys", json=document, headers=by)


async def verifies(people: People, key: str) -> bool:
    return (await people.http.post("/internal/api-keys/verify", json={"key": key})).status_code == 200


async def test_an_agent_manages_nobody_and_nothing(people: People, tenant_id: str) -> None:
    agent = await people.join(tenant_id, "agent")
    answers = [
        await people.http.get("/api/v1/users", headers=agent.headers),
        await give_role(people, agent.headers, agent.user_id, "tenant_admin"),
        await make_key(people, agent.headers, "leads:read"),
        await people.http.get("/api/v1/users/invitations", headers=agent.headers),
    ]
    assert [answer.status_code for answer in answers] == [403] * 4


async def test_nobody_gives_a_role_that_may_do_more_than_he(people: People, tenant_id: str) -> None:
    admin, other, agent = [
        await people.join(tenant_id, role) for role in ("tenant_admin", "tenant_admin", "agent")
    ]
    half = {**other.headers, "X-Scopes": f"{agent.headers['X-Scopes']} users:write"}

    up = await give_role(people, half, agent.user_id, "tenant_admin")
    invited = await people.http.post(
        "/api/v1/users/invitations", json={"email": "x@y.test", "role": "tenant_admin"}, headers=half
    )
    over = [
        await change(people, half, admin.user_id, what)
        for what in ("disable", "remove", "password-link", "logout")
    ]
    fleet = await give_role(people, admin.headers, agent.user_id, "super_admin")
    good = await change(people, half, agent.user_id, "logout")

    assert (up.status_code, invited.status_code, fleet.status_code, good.status_code) == (403, 403, 422, 204)
    assert [answer.status_code for answer in over] == [403] * 4
    assert "may do more than you" in up.json()["detail"]


@pytest.mark.parametrize("how", ["disable", "remove", "demote"])
async def test_who_lost_his_rights_makes_no_new_way_in_with_a_token_that_still_lives(
    people: People, tenant_id: str, how: str
) -> None:
    boss, former = await people.join(tenant_id), await people.join(tenant_id)
    if how == "demote":
        await give_role(people, boss.headers, former.user_id, "agent")
    else:
        await change(people, boss.headers, former.user_id, how)

    tried = [
        await people.http.post(
            "/api/v1/users/invitations",
            json={"email": f"me@{tenant_id}.test", "role": "agent"},
            headers=former.headers,
        ),
        await make_key(people, former.headers, "leads:read"),
        await give_role(people, former.headers, boss.user_id, "agent"),
        await change(people, former.headers, boss.user_id, "password-link"),
        await people.http.put(
            "/api/v1/auth/microsoft/directory", json={"directory_id": str(uuid4())}, headers=former.headers
        ),
    ]

    assert [answer.status_code for answer in tried] == [403] * 5


async def test_the_last_admin_stays(people: People, tenant_id: str) -> None:
    first = await people.join(tenant_id)
    by = first.headers
    alone = [
        await give_role(people, by, first.user_id, "agent"),
        await change(people, by, first.user_id, "disable"),
        await change(people, people.admin(tenant_id), first.user_id, "remove"),
    ]
    second = await people.join(tenant_id)
    await change(people, by, second.user_id, "disable")
    still_alone = await change(people, by, first.user_id, "remove")
    await change(people, by, second.user_id, "enable")
    gone = await change(people, by, first.user_id, "remove")

    assert [answer.status_code for answer in (*alone, still_alone, gone)] == [409, 409, 409, 409, 204]
    assert "last tenant_admin" in alone[0].json()["detail"]


async def test_who_gets_another_role_is_logged_out_and_loses_what_he_may_no_more(
    people: People, tenant_id: str
) -> None:
    boss, other = await people.join(tenant_id), await people.join(tenant_id)
    granted = await people.tokens(other)
    small = (await make_key(people, other.headers, "leads:read")).json()["key"]
    large = (await make_key(people, other.headers, "leads:read", "credentials:write")).json()["key"]
    document = {"email": f"neu@{tenant_id}.test", "role": "agent"}
    await people.http.post("/api/v1/users/invitations", json=document, headers=other.headers)

    changed = await give_role(people, boss.headers, other.user_id, "agent")

    assert changed.json()["role"] == "agent"
    assert (await people.refresh(granted)).status_code == 401
    assert granted["session_id"] in (await people.access()).revoked
    assert (await verifies(people, small), await verifies(people, large)) == (True, False)
    assert (await people.http.get("/api/v1/users/invitations", headers=boss.headers)).json() == []
    assert (f"user:{boss.user_id}", "user.role_changed") in await people.audit(tenant_id)


async def test_who_is_disabled_stays_out_until_he_is_enabled(people: People, tenant_id: str) -> None:
    boss, agent = await people.join(tenant_id), await people.join(tenant_id, "agent")
    granted = await people.tokens(agent)
    link = (await change(people, people.admin(tenant_id), agent.user_id, "password-link")).json()["link"]

    await change(people, boss.headers, agent.user_id, "disable")
    reset = {"token": link.partition("#")[2], "password": "ein ganz neues Kennwort"}
    shut = [
        await people.log_in(agent.email),
        await people.refresh(granted),
        await people.http.post("/api/v1/auth/password/reset", json=reset),
    ]
    await change(people, boss.headers, agent.user_id, "enable")

    assert [answer.status_code for answer in shut] == [401, 401, 410]
    assert shut[0].json()["detail"] == "the e-mail address or the password is wrong"  # as for a stranger
    assert (await people.log_in(agent.email)).status_code == 200


async def test_who_was_removed_leaves_nothing_and_may_be_invited_elsewhere(
    people: People, tenant_id: str
) -> None:
    boss, other = await people.join(tenant_id), await people.join(tenant_id)
    granted = await people.tokens(other)
    key = (await make_key(people, other.headers, "leads:read")).json()["key"]

    removed = await change(people, boss.headers, other.user_id, "remove")

    assert removed.status_code == 204
    assert (await people.refresh(granted)).status_code == 401
    assert not await verifies(people, key)
    shown = (await people.http.get("/api/v1/users", headers=boss.headers)).json()
    assert [each["user_id"] for each in shown] == [boss.user_id]
    again = await people.join(await people.company(), "agent", other.email)
    assert again.user_id != other.user_id


async def test_users_are_listed_a_page_at_a_time(people: People, tenant_id: str) -> None:
    joined = [await people.join(tenant_id) for _ in range(3)]
    by = joined[0].headers
    first = (await people.http.get("/api/v1/users", params={"limit": 2}, headers=by)).json()
    after = first[-1]["user_id"]
    rest = (await people.http.get("/api/v1/users", params={"limit": 2, "after": after}, headers=by)).json()
    assert [each["user_id"] for each in (*first, *rest)] == [each.user_id for each in joined]
    assert "hash" not in str(first)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"scopes": ["leads:read", "fleet:write"]}, 422, "no program can have this"),
        ({"scopes": ["users:write"]}, 422, "no program can have this"),
        ({"scopes": ["leads:devour"]}, 422, "there is no such scope"),
        ({"scopes": []}, 422, "scopes"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 422, "is past"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, 422, "more than 366 days"),
        ({"expires_at": "2027-01-01T00:00:00"}, 422, "timezone"),
        ({"requests_per_minute": 0}, 422, "greater than or equal to 1"),
        ({"name": "Zeile\nzwei"}, 422, "name"),
    ],
)
async def test_a_key_that_makes_no_sense_is_refused_in_words(
    people: People, tenant_id: str, fields: dict[str, Any], status: int, words: str
) -> None:
    admin = await people.join(tenant_id)
    answer = await make_key(people, admin.headers, "leads:read", **fields)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert words in answer.json()["detail"]


async def test_a_key_has_no_more_than_its_maker(people: People, tenant_id: str) -> None:
    admin = await people.join(tenant_id)
    poor = {**admin.headers, "X-Scopes": "api-keys:write leads:read"}
    answer = await make_key(people, poor, "leads:read", "files:write")
    assert (answer.status_code, answer.json()["detail"]) == (403, "you do not have files:write yourself")


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("login", {"email": "a" * 5000, "password": "x"}),
        ("login", {"email": "a@b.test"}),
        ("login", {"email": "a@b.test", "password": "x", "role": "super_admin"}),
        ("refresh", {"refresh_token": "x" * 600}),
        ("invitations/accept", {"token": "x", "password": "y" * 5000}),
        ("invitations/accept", {"token": "x", "password": "y", "name": "N\x00"}),
        ("password/forgotten", {"email": 5}),
    ],
)
async def test_bad_input_at_the_door_is_said_as_such_and_not_repeated(
    people: People, path: str, document: dict[str, Any]
) -> None:
    answer = await people.http.post(f"/api/v1/auth/{path}", json=document)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert "aaaa" not in answer.text
    assert "yyyy" not in answer.text


async def test_a_company_learns_nothing_of_another_ones_people(people: People, tenant_id: str) -> None:
    stranger = await people.join(await people.company())
    anna = await people.join(tenant_id)
    session_id = (await people.tokens(anna))["session_id"]
    key_id = (await make_key(people, anna.headers, "leads:read")).json()["key_id"]
    invitation_id = (await people.invite(tenant_id, f"x@{tenant_id}.test")).json()["invitation_id"]
    user = f"/api/v1/users/{anna.user_id}"

    answers = [
        await people.http.request(method, path, json=document, headers=stranger.headers)
        for method, path, document in (
            ("GET", user, None), ("PUT", f"{user}/role", {"role": "agent"}), ("POST", f"{user}/disable", None),
            ("POST", f"{user}/enable", None), ("POST", f"{user}/logout", None), ("POST", f"{user}/password-link", None),
            ("DELETE", user, None), ("DELETE", f"/api/v1/auth/sessions/{session_id}", None),
            ("DELETE", f"/api/v1/api-keys/{key_id}", None), ("DELETE", f"/api/v1/users/invitations/{invitation_id}", None),
        )
    ]  # fmt: skip

    assert [answer.status_code for answer in answers] == [404] * 10
    for path in ("users", "api-keys", "users/invitations", "auth/sessions"):
        listed = (await people.http.get(f"/api/v1/{path}", headers=stranger.headers)).text
        assert not {anna.user_id, session_id, key_id, invitation_id} & set(listed.split('"')), path
    assert (await people.log_in(anna.email)).status_code == 200


async def test_the_database_shows_a_company_its_own_people_even_when_nobody_asks_by_tenant(
    people: People, tenant_id: str
) -> None:
    companies = [tenant_id, await people.company()]
    for company in companies:
        await furnish(people, company)

    for table in OF_TENANTS:
        for company in companies:
            async with people.tenancy.service.database.transaction(company) as session:
                seen = await session.execute(text(f"select distinct tenant_id from tenancy.{table}"))  # pyright: ignore[reportDeprecated]
                assert list(seen.scalars()) == [company], table
                moved = text(
                    f"update tenancy.{table} set tenant_id = tenant_id where tenant_id <> '{company}'"
                )
                assert (await session.execute(moved)).rowcount == 0, table  # pyright: ignore[reportDeprecated, reportAttributeAccessIssue]
        async with people.tenancy.service.database.transaction(None) as session:
            nobody = await session.execute(text(f"select count(*) from tenancy.{table}"))  # pyright: ignore[reportDeprecated]
            assert nobody.scalar_one() == 0, table


async def furnish(people: People, tenant_id: str) -> Somebody:
    """Something in every table."""
    admin = await people.join(tenant_id)
    await people.tokens(admin)
    await make_key(people, admin.headers, "leads:read")
    await people.invite(tenant_id, f"x@{tenant_id}.test")
    await change(people, admin.headers, admin.user_id, "password-link")
    await people.http.put(
        "/api/v1/auth/microsoft/directory", json={"directory_id": str(uuid4())}, headers=admin.headers
    )
    return admin


async def test_a_row_cannot_belong_to_one_company_and_point_to_another_ones_user(
    people: People, tenant_id: str
) -> None:
    stranger = await people.join(await people.company())
    insert = (
        "insert into tenancy.sessions (tenant_id, session_id, user_id, method, created_at, last_used_at, expires_at) "
        "values (:tenant_id, 's', :user_id, 'password', now(), now(), now())"
    )
    for owner, error in ((tenant_id, IntegrityError), (stranger.tenant_id, ProgrammingError)):
        with pytest.raises(error):
            async with people.tenancy.service.database.transaction(tenant_id) as session:
                await session.execute(text(insert), {"tenant_id": owner, "user_id": stranger.user_id})  # pyright: ignore[reportDeprecated]


async def test_neither_passwords_nor_tokens_nor_addresses_lie_in_clear_where_they_need_not(
    people: People, tenant_id: str, database_url: str
) -> None:
    admin = await furnish(people, tenant_id)
    granted = await people.tokens(admin)
    await people.log_in(admin.email, "falsch geraten, leider")
    connection = await asyncpg.connect(database_url)
    try:
        found = [
            f"{table}: {row}"
            for table in (*OF_TENANTS, "login_attempts", "signing_keys", "audit", "revocations")
            for row in await connection.fetch(f"select {table}::text from tenancy.{table}")
        ]
    finally:
        await connection.close()
    everything = "\n".join(found)
    assert granted["refresh_token"][-20:] not in everything
    assert "drei gelbe" not in everything
    assert "falsch geraten" not in everything
    attempts = [
        row for row in found if row.startswith("login_attempts") or tenant_id in row.partition(",")[0]
    ]
    noted = [row for row in attempts if row.startswith(("login_attempts", "audit"))]
    assert {row.partition(":")[0] for row in noted} == {"login_attempts", "audit"}
    assert not [row for row in noted if "@" in row]

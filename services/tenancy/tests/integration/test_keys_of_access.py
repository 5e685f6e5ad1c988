"""Signing keys, the state of access, and API keys."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import jwt
import pytest
from pydantic import SecretStr

from chassis.keyring import KeyRing
from contracts.tenants.http_v1 import VerifiedKey
from tenancy.adapters.access_tokens import Ed25519Signer
from tenancy.adapters.fleet import StoredDoors, StoredFleet
from tenancy.app import create_service
from tenancy.application.sign_tokens import SignTokens
from testkit.people import CHEAP_HASHES, Clock, People
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


async def test_signing_keys_turn_and_the_old_ones_stay_published_until_their_tokens_have_expired(
    people: People, tenant_id: str
) -> None:
    anna = await people.join(tenant_id)
    before = (await people.tokens(anna))["access_token"]
    super_admin = {
        "X-Tenant-Id": "fleet",
        "X-Actor": "user:x",
        "X-Role": "super_admin",
        "X-Scopes": "fleet:write",
    }

    refused = await people.http.post("/api/v1/auth/keys/turn", json={}, headers=anna.headers)
    turned = await people.http.post("/api/v1/auth/keys/turn", json={}, headers=super_admin)

    assert (refused.status_code, turned.status_code) == (403, 201)
    at_once = (await people.tokens(anna))["access_token"]
    try:
        CLOCK.pass_by(seconds=61)
        await keep_order(people)  # too early for the old key to go
        later = (await people.tokens(anna))["access_token"]
        old, unsettled, new = [jwt.get_unverified_header(each)["kid"] for each in (before, at_once, later)]
        # It is published before it signs, so that the gateway knows it.
        assert (unsettled, new) == (old, turned.json()["key_id"])
        assert {old, new} <= {key["kid"] for key in (await people.access()).keys}
        assert (await claims_of(people, before))["sub"] == anna.user_id

        CLOCK.pass_by(minutes=20)
        await keep_order(people)
        assert old not in {key["kid"] for key in (await people.access()).keys}
    finally:
        CLOCK.reset()

    thrown_away = await people.http.post(
        "/api/v1/auth/keys/turn", json={"compromised": True}, headers=super_admin
    )
    assert [key["kid"] for key in (await people.access()).keys] == [thrown_away.json()["key_id"]]
    newest = (await people.tokens(anna))["access_token"]
    assert jwt.get_unverified_header(newest)["kid"] == thrown_away.json()["key_id"]


async def test_a_signing_key_is_renewed_by_age(people: People, tenant_id: str) -> None:
    await people.tokens(await people.join(tenant_id))
    before = (await people.access()).keys[0]["kid"]
    try:
        CLOCK.pass_by(days=31)
        await keep_order(people)
        newest = (await people.access()).keys[0]["kid"]
    finally:
        CLOCK.reset()
    assert newest != before


async def keep_order(people: People) -> None:
    work = people.tenancy.service._background["people-in-order"]  # the timer's own object, which runs hourly
    await work.__self__.once()  # type: ignore[attr-defined]


async def test_the_state_of_access_is_fetched_again_only_when_it_changed(
    people: People, tenant_id: str
) -> None:
    anna = await people.join(tenant_id)
    await people.tokens(anna)
    first = await people.http.get("/internal/access")
    same = await people.http.get("/internal/access", headers={"If-None-Match": first.headers["etag"]})
    await people.http.post("/api/v1/auth/logout-everywhere", headers=anna.headers)
    changed = await people.http.get("/internal/access", headers={"If-None-Match": first.headers["etag"]})
    by_admin = await people.http.get("/internal/access", headers=people.admin(tenant_id))

    assert (same.status_code, changed.status_code, by_admin.status_code) == (304, 200, 403)
    assert changed.json()["version"] > first.json()["version"]


async def test_a_key_that_the_gateway_asks_for_is_verified(people: People, tenant_id: str) -> None:
    anna = await people.join(tenant_id)
    document = {
        "name": "Website", "scopes": ["leads:read", "files:read"], "requests_per_minute": 30,
        "expires_at": (datetime.now(UTC) + timedelta(days=30)).isoformat(),
    }  # fmt: skip

    made = await people.http.post("/api/v1/api-keys", json=document, headers=anna.headers)

    assert made.status_code == 201, made.text
    key = made.json()["key"]
    assert key.startswith(f"fdk_{tenant_id}_{made.json()['key_id']}_")
    listed = await people.http.get("/api/v1/api-keys", headers=anna.headers)
    assert key[-20:] not in listed.text
    verified = await people.http.post("/internal/api-keys/verify", json={"key": key})
    found = VerifiedKey.model_validate_json(verified.content)
    assert (found.tenant_id, found.scopes, found.requests_per_minute) == (
        tenant_id,
        ("files:read", "leads:read"),
        30,
    )
    assert (await people.http.get("/api/v1/api-keys", headers=anna.headers)).json()[0][
        "last_used_at"
    ] is not None
    for bad in (f"{key[:-3]}AAA", key.replace(tenant_id, await people.company()), "x"):
        answer = await people.http.post("/internal/api-keys/verify", json={"key": bad})
        assert answer.status_code == 404, bad
    try:
        CLOCK.pass_by(days=31)
        expired = await people.http.post("/internal/api-keys/verify", json={"key": key})
    finally:
        CLOCK.reset()
    revoked = await people.http.delete(f"/api/v1/api-keys/{found.key_id}", headers=anna.headers)
    assert (expired.status_code, revoked.status_code) == (404, 204)
    assert (await people.http.post("/internal/api-keys/verify", json={"key": key})).status_code == 404
    assert found.key_id in (await people.access()).revoked
    assert (f"user:{anna.user_id}", "api_key.revoked") in await people.audit(tenant_id)


def signing_with(people: People, ring: str) -> SignTokens:
    """What signs tokens under a master key."""
    signer = Ed25519Signer(KeyRing.from_secret(SecretStr(ring)))
    lives = {"token_life": timedelta(minutes=10), "key_life": timedelta(days=30)}
    return SignTokens(StoredDoors(people.tenancy.service.units), signer, **lives, clock=CLOCK)


async def test_signing_keys_follow_a_turned_key_ring_and_one_that_is_lost_is_replaced(
    people: People, tenant_id: str
) -> None:
    old = people.tenancy.service.settings.master_key.get_secret_value()
    old = old if ":" in old else f"1:{old}"
    new = f"new:{b64encode(os.urandom(32)).decode()}"
    before = (await people.access()).keys

    assert await signing_with(people, f"{new},{old}").keep_house() == []
    async with people.tenancy.service.units.fleet() as session:
        token = await signing_with(people, new)(StoredFleet(session), {"sub": "x", "aud": "frontdesk-api"})
    assert jwt.get_unverified_header(token)["kid"] in {key["kid"] for key in before}

    stranger = signing_with(people, f"lost:{b64encode(os.urandom(32)).decode()}")
    assert set(await stranger.keep_house()) == {key["kid"] for key in before}
    async with people.tenancy.service.units.fleet() as session:
        token = await stranger(StoredFleet(session), {"sub": "x", "aud": "frontdesk-api"})
    assert jwt.get_unverified_header(token)["kid"] not in {key["kid"] for key in before}
    assert {key["kid"] for key in before} < {key["kid"] for key in (await people.access()).keys}

"""Sign-in with Microsoft against the simulated Entra, over the real app and database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import jwt
import pytest

from tenancy.app import create_service
from testkit.people import CHEAP_HASHES, Clock, People, Somebody
from testkit.sandbox import Sandbox
from testkit.service import running

PATH = "/api/v1/auth/microsoft"
CLOCK = Clock()


@pytest.fixture(scope="module")
async def people(environment: dict[str, str], sandbox: Sandbox) -> AsyncIterator[People]:
    own = {
        "TENANCY_MICROSOFT_AUTHORITY_URL": sandbox.address("graph_login"),
        "TENANCY_MICROSOFT_CLIENT_ID": "frontdesk", "TENANCY_MICROSOFT_CLIENT_SECRET": "s3cret",
    }  # fmt: skip
    async with running(
        partial(create_service, clock=CLOCK), {**environment, **CHEAP_HASHES, **own}
    ) as service:
        yield People(service)


@dataclass
class Company:
    """A tenant with a directory at Microsoft, and a browser of somebody in it."""

    people: People
    sandbox: Sandbox
    tenant_id: str
    directory_id: str
    browser: httpx.AsyncClient

    async def knows(self, upn: str, object_id: str = "", **account: Any) -> None:
        """Microsoft knows somebody, who sits at the browser."""
        entry = {
            "upn": upn,
            "object_id": object_id or str(uuid4()),
            "directory": self.directory_id,
            "name": "Änne",
        }
        await self.sandbox.seed("graph", accounts=[{**entry, **account}])

    async def go(self) -> str:
        """Begin, let Microsoft sign in, and be sent back: the address that the browser calls then."""
        begun = await self.browser.get(PATH, params={"tenant": self.tenant_id})
        assert begun.status_code == 302, begun.text
        # msal was given Microsoft's own name for the simulated one.
        there = begun.headers["location"].replace(
            "https://login.microsoftonline.com", self.sandbox.address("graph_login")
        )
        back = (await self.browser.get(there)).headers["location"]
        parts = urlsplit(back)
        assert parts.path == f"{PATH}/callback"
        return f"{parts.path}?{parts.query}"

    async def sign_in(self) -> httpx.Response:
        return await self.browser.get(await self.go())


@pytest.fixture
async def company(people: People, sandbox: Sandbox) -> AsyncIterator[Company]:
    await sandbox.reset("graph")
    tenant_id, directory_id = await people.company(), str(uuid4())
    admin = await people.join(tenant_id)
    document = {"directory_id": directory_id.upper()}
    named = await people.http.put(f"{PATH}/directory", json=document, headers=admin.headers)
    assert (named.status_code, named.json()) == (200, {"directory_id": directory_id})
    async with httpx.AsyncClient(base_url=people.http.base_url, trust_env=False) as browser:
        yield Company(people, sandbox, tenant_id, directory_id, browser)


def said_of(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    claims: dict[str, Any] = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    return claims


def email() -> str:
    return f"änne-{uuid4().hex[:8]}@müßig.test".replace("änne", "aenne")


async def test_a_user_is_found_by_his_address_once_and_then_by_directory_and_object(company: Company) -> None:
    somebody = await company.people.join(company.tenant_id, "agent", email())
    await company.knows(somebody.email.upper().replace("SS", "ß"), "oid-änne")

    first = said_of(await company.sign_in())
    await company.knows("new.name@müßig.test", "oid-änne")
    renamed = said_of(await company.sign_in())

    assert first["sub"] == renamed["sub"] == somebody.user_id
    assert (f"user:{somebody.user_id}", "user.linked_to_microsoft") in await company.people.audit(
        company.tenant_id
    )
    shown = await company.people.http.get(
        f"/api/v1/users/{somebody.user_id}", headers=somebody.headers | admin(company)
    )
    assert shown.json()["signs_in_with_microsoft"] is True


def admin(company: Company) -> dict[str, str]:
    return company.people.admin(company.tenant_id)


async def test_who_was_invited_joins_by_signing_in(company: Company) -> None:
    address = email()
    await company.people.invite(company.tenant_id, address, "agent")
    await company.knows(address)

    claims = said_of(await company.sign_in())

    assert (claims["tenant"], claims["role"]) == (company.tenant_id, "agent")
    assert (await company.people.log_in(address)).status_code == 401  # there is no password to guess


async def test_who_was_not_invited_stays_out(company: Company) -> None:
    await company.knows(email())
    refused = await company.sign_in()
    assert (refused.status_code, "nobody with this" in refused.json()["detail"]) == (401, True)


async def test_the_email_claim_alone_is_not_believed(company: Company) -> None:
    boss = await company.people.join(company.tenant_id)
    await company.knows("mallory@muster.test", claims={"email": boss.email})
    assert (await company.sign_in()).status_code == 401

    # Microsoft says that the directory owns the domain of the address.
    await company.knows("boss@muster.test", claims={"email": boss.email, "xms_edov": True})
    assert said_of(await company.sign_in())["sub"] == boss.user_id


async def test_an_account_of_another_directory_stays_out_whatever_its_address(company: Company) -> None:
    boss = await company.people.join(company.tenant_id)
    another = str(uuid4())

    await company.knows(boss.email, claims={"tid": another})
    other_directory = await company.sign_in()
    issuer = f"https://login.microsoftonline.com/{another}/v2.0"
    await company.knows(boss.email, claims={"tid": another, "iss": issuer})
    other_issuer = await company.sign_in()

    assert (other_directory.status_code, other_issuer.status_code) == (401, 401)
    assert "directory" in other_directory.json()["detail"]


@pytest.mark.parametrize(
    "claims", [{"aud": "another app"}, {"exp": 1}, {"nonce": "another"}, {"oid": None}], ids=str
)
async def test_an_id_token_that_is_not_for_us_or_not_good_any_more_lets_nobody_in(
    company: Company, claims: dict[str, Any]
) -> None:
    somebody = await company.people.join(company.tenant_id)
    await company.knows(somebody.email, claims=claims)
    refused = await company.sign_in()
    assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")


async def test_an_id_token_with_a_strange_signature_lets_nobody_in(company: Company) -> None:
    somebody = await company.people.join(company.tenant_id)
    await company.knows(somebody.email)
    await company.sandbox.seed("graph", id_tokens_forged=True)
    assert (await company.sign_in()).status_code == 401


async def test_an_answer_of_another_browser_another_state_or_a_second_time_is_refused(
    company: Company,
) -> None:
    somebody = await company.people.join(company.tenant_id)
    await company.knows(somebody.email)
    back = await company.go()
    flow = company.browser.cookies["frontdesk_microsoft"]
    state = parse_qs(urlsplit(back).query)["state"][0]

    async with httpx.AsyncClient(base_url=company.people.http.base_url, trust_env=False) as stranger:
        without_cookie = await stranger.get(back)
    other_state = await call(company, back.replace(state, "x" * len(state)), flow)
    good = await call(company, back, flow)
    again = await call(company, back, flow)
    back = await company.go()
    flow = company.browser.cookies["frontdesk_microsoft"]
    try:
        CLOCK.pass_by(minutes=11)
        late = await call(company, back, flow)
    finally:
        CLOCK.reset()
    in_time = await call(company, back, flow)

    assert [each.status_code for each in (without_cookie, other_state, good, again, late, in_time)] == [
        401,
        401,
        200,
        401,
        401,
        200,
    ]
    assert "AADSTS54005" in again.json()["detail"]


async def call(company: Company, back: str, flow: str) -> httpx.Response:
    headers = {"Cookie": f"frontdesk_microsoft={flow}"}
    async with httpx.AsyncClient(base_url=company.people.http.base_url, trust_env=False) as browser:
        return await browser.get(back, headers=headers)


async def test_the_flow_travels_in_a_cookie_that_no_script_reads(company: Company) -> None:
    begun = await company.browser.get(PATH, params={"tenant": company.tenant_id})
    cookie = begun.headers["set-cookie"]
    asked = parse_qs(urlsplit(begun.headers["location"]).query)
    assert {"HttpOnly", "SameSite=lax", f"Path={PATH}", "Max-Age=600"} <= set(cookie.split("; "))
    assert (asked["code_challenge_method"], "nonce" in asked) == (["S256"], True)
    assert asked["state"][0] not in cookie


async def test_a_person_who_declines_and_a_microsoft_that_fails_are_said_in_words(company: Company) -> None:
    somebody = await company.people.join(company.tenant_id)
    await company.knows(somebody.email)
    await company.sandbox.seed("graph", sign_in_declined=True)
    declined = await company.sign_in()
    await company.sandbox.seed("graph", sign_in_declined=False)
    back = await company.go()
    await company.sandbox.fault("graph", "503", times=5)
    down = await company.browser.get(back)
    await company.sandbox.clear_faults()

    assert (declined.status_code, "access_denied" in declined.json()["detail"]) == (401, True)
    assert (down.status_code, down.headers["retry-after"]) == (503, "5")


async def test_who_gets_a_former_colleagues_address_does_not_get_his_account(company: Company) -> None:
    somebody = await company.people.join(company.tenant_id, "agent", email())
    await company.knows(somebody.email, "oid-of-the-colleague")
    said_of(await company.sign_in())

    await company.knows(somebody.email, "oid-of-his-successor")
    assert (await company.sign_in()).status_code == 401


async def test_a_directory_that_was_changed_under_way_lets_nobody_of_the_old_one_in(company: Company) -> None:
    boss = await company.people.join(company.tenant_id)
    await company.knows(boss.email)
    back = await company.go()
    await set_directory(company, boss, str(uuid4()))
    assert (await company.browser.get(back)).status_code == 401


async def test_a_disabled_user_and_a_company_without_a_directory_stay_out(company: Company) -> None:
    somebody = await company.people.join(company.tenant_id, "agent", email())
    await company.knows(somebody.email)
    said_of(await company.sign_in())
    await company.people.http.post(f"/api/v1/users/{somebody.user_id}/disable", headers=admin(company))
    disabled = await company.sign_in()
    back = await company.go()
    await company.people.http.delete(f"{PATH}/directory", headers=admin(company))

    assert disabled.status_code == 401
    assert (await company.browser.get(back)).status_code == 401
    for tenant_id in (company.tenant_id, "no-such-company"):
        begun = await company.browser.get(PATH, params={"tenant": tenant_id})
        assert (begun.status_code, begun.json()["detail"]) == (
            404,
            "sign-in with Microsoft is not set up for this company",
        )


async def test_a_directory_is_named_by_its_id_and_by_an_admin_alone(company: Company) -> None:
    agent = await company.people.join(company.tenant_id, "agent", email())
    boss = await company.people.join(company.tenant_id)
    by_name = await set_directory(company, boss, "muster.onmicrosoft.com")
    by_agent = await set_directory(company, agent, str(uuid4()))
    assert (by_name.status_code, by_agent.status_code) == (422, 403)


async def set_directory(company: Company, by: Somebody, directory_id: str) -> httpx.Response:
    document = {"directory_id": directory_id}
    return await company.people.http.put(f"{PATH}/directory", json=document, headers=by.headers)

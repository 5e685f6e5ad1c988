"""Signing people in at Entra, with msal as the client."""

import asyncio
from urllib.parse import parse_qsl, urlsplit

import httpx
import jwt
import msal
import pytest

DIRECTORY = "11111111-1111-4111-8111-111111111111"
BACK = "http://127.0.0.1:8000/back"
ANNA = {"upn": "anna@muster.test", "object_id": "oid-1", "directory": DIRECTORY, "name": "Anna Größ"}


class ToTheSandbox:
    """msal's transport, with Entra's address replaced by the sandbox's."""

    def __init__(self, base: str) -> None:
        self._base = base

    def at(self, url: str) -> str:
        return url.replace("https://login.microsoftonline.com", f"{self._base}/graph/login")

    def get(self, url: str, **options: object) -> httpx.Response:
        return self._send("GET", url, options)

    def post(self, url: str, **options: object) -> httpx.Response:
        return self._send("POST", url, options)

    def close(self) -> None:
        """Nothing is kept open."""

    def _send(self, method: str, url: str, options: dict[str, object]) -> httpx.Response:
        kept = {name: options[name] for name in ("params", "data", "headers") if options.get(name)}
        return httpx.request(method, self.at(url), trust_env=False, **kept)  # pyright: ignore[reportArgumentType] - msal's options


def _app(base: str) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        "client-1", client_credential="s3cret", http_client=ToTheSandbox(base),
        authority=f"https://login.microsoftonline.com/{DIRECTORY}",
    )  # fmt: skip


async def _signed_in(sandbox) -> tuple[msal.ConfidentialClientApplication, dict, dict[str, str]]:
    """The app, its flow, and what the browser brings back."""
    app = await asyncio.to_thread(_app, sandbox.base)
    flow = await asyncio.to_thread(lambda: app.initiate_auth_code_flow(["email"], redirect_uri=BACK))
    sent = await sandbox.http.get(ToTheSandbox(sandbox.base).at(flow["auth_uri"]))
    assert sent.status_code == 302, sent.text
    assert sent.headers["location"].startswith(BACK)
    return app, flow, dict(parse_qsl(urlsplit(sent.headers["location"]).query))


async def _redeem(app: msal.ConfidentialClientApplication, flow: dict, back: dict[str, str]) -> dict:
    return await asyncio.to_thread(lambda: app.acquire_token_by_auth_code_flow(flow, back))


async def test_msal_signs_somebody_in_and_his_id_token_is_signed_with_a_published_key(sandbox) -> None:
    await sandbox.seed(graph={"accounts": [ANNA]})
    result = await _redeem(*await _signed_in(sandbox))

    keys = jwt.PyJWKSet.from_dict(
        (await sandbox.http.get(f"/graph/login/{DIRECTORY}/discovery/v2.0/keys")).json()
    )
    token = result["id_token"]
    claims = jwt.decode(
        token, keys[jwt.get_unverified_header(token)["kid"]], algorithms=["RS256"], audience="client-1",
        issuer=f"https://login.microsoftonline.com/{DIRECTORY}/v2.0",
    )  # fmt: skip
    assert (claims["tid"], claims["oid"], claims["preferred_username"]) == (
        DIRECTORY,
        "oid-1",
        "anna@muster.test",
    )


async def test_a_code_is_good_once_and_only_with_its_verifier(sandbox) -> None:
    await sandbox.seed(graph={"accounts": [ANNA]})
    app, flow, back = await _signed_in(sandbox)

    stolen = await _redeem(app, {**flow, "code_verifier": "x" * 43}, back)
    first = await _redeem(app, flow, back)
    again = await _redeem(app, flow, back)

    assert stolen["error_codes"] == [501481]
    assert "id_token" in first
    assert again["error_codes"] == [54005]


async def test_who_declines_is_sent_back_and_a_stranger_is_not(sandbox) -> None:
    await sandbox.seed(graph={"accounts": [{**ANNA, "directory": "elsewhere"}]})
    asked = {"client_id": "c", "redirect_uri": BACK, "scope": "openid", "response_type": "code", "state": "s"}
    address = f"/graph/login/{DIRECTORY}/oauth2/v2.0/authorize"

    stranger = await sandbox.http.get(address, params=asked)
    await sandbox.seed(graph={"sign_in_declined": True})
    declined = await sandbox.http.get(address, params=asked)

    assert (stranger.status_code, "AADSTS50020" in stranger.text) == (400, True)
    assert dict(parse_qsl(urlsplit(declined.headers["location"]).query))["error"] == "access_denied"


@pytest.mark.parametrize("claims", [{"tid": "another"}, {"preferred_username": "boss@muster.test"}])
async def test_an_id_token_says_what_an_account_was_seeded_with(sandbox, claims: dict[str, str]) -> None:
    await sandbox.seed(graph={"accounts": [{**ANNA, "claims": claims}]})
    result = await _redeem(*await _signed_in(sandbox))
    assert claims.items() <= jwt.decode(result["id_token"], options={"verify_signature": False}).items()

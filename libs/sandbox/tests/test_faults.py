"""Each kind of fault, as a client sees it on the wire; and the rest of the control plane."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import socket
import threading
import time
from collections.abc import AsyncIterator

import httpx
import openai
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

PARTY = "/weclapp/acme/webapp/api/v2/party"
BODY = {"partyType": "PERSON", "lastName": "Müller"}


async def _create(sandbox, headers: dict[str, str]) -> httpx.Response:
    async with httpx.AsyncClient(base_url=sandbox.base, trust_env=False, timeout=1.5) as client:
        return await client.post(PARTY, json=BODY, headers=headers)


async def _parties(sandbox) -> int:
    state = (await sandbox.http.get("/_sandbox/state", params={"vendor": "weclapp"})).json()
    return len(state["weclapp"].get("acme", {}).get("party", []))


async def test_too_many_requests_names_the_time_to_wait(sandbox, weclapp_headers) -> None:
    await sandbox.fault(vendor="weclapp", kind="429", retry_after=7)
    answer = await _create(sandbox, weclapp_headers)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["status"] == 429
    assert (await _create(sandbox, weclapp_headers)).status_code == 201


@pytest.mark.parametrize("kind", ["500", "503"])
async def test_a_server_error_has_the_vendors_form_and_no_effect(sandbox, weclapp_headers, kind: str) -> None:
    await sandbox.fault(vendor="weclapp", kind=kind, times=2)
    answers = [await _create(sandbox, weclapp_headers) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [int(kind), int(kind), 201]
    assert await _parties(sandbox) == 1


async def test_a_delay_answers_late_but_well(sandbox, weclapp_headers) -> None:
    await sandbox.fault(vendor="weclapp", kind="delay", seconds=0.3)
    before = time.monotonic()
    assert (await _create(sandbox, weclapp_headers)).status_code == 201
    assert time.monotonic() - before >= 0.3


async def test_a_hanging_vendor_never_answers(sandbox, weclapp_headers) -> None:
    await sandbox.fault(vendor="weclapp", kind="hang")
    with pytest.raises(httpx.ReadTimeout):
        await _create(sandbox, weclapp_headers)
    assert await _parties(sandbox) == 0


async def test_a_cut_connection_has_no_effect(sandbox, weclapp_headers) -> None:
    await sandbox.fault(vendor="weclapp", kind="cut")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await _create(sandbox, weclapp_headers)
    assert await _parties(sandbox) == 0


async def test_commit_then_cut_does_the_work_and_says_nothing(sandbox, weclapp_headers) -> None:
    await sandbox.fault(vendor="weclapp", kind="commit_then_cut")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        await _create(sandbox, weclapp_headers)
    assert await _parties(sandbox) == 1


async def test_a_malformed_answer_is_not_json(sandbox, weclapp_headers) -> None:
    await sandbox.fault(vendor="weclapp", kind="malformed")
    answer = await _create(sandbox, weclapp_headers)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()


async def test_a_fault_meets_only_the_requests_it_names(sandbox, weclapp_headers) -> None:
    await sandbox.fault(vendor="weclapp", kind="500", method="POST", path="*/task", times=None)
    assert (await _create(sandbox, weclapp_headers)).status_code == 201
    task = PARTY.replace("party", "task")
    for _ in range(3):
        answer = await sandbox.http.post(task, json={"subject": "x"}, headers=weclapp_headers)
        assert answer.status_code == 500
    faults = (await sandbox.http.get("/_sandbox/faults")).json()["faults"]
    assert [fault["shown"] for fault in faults] == [3]
    await sandbox.http.delete("/_sandbox/faults")
    assert (await sandbox.http.post(task, json={"subject": "x"}, headers=weclapp_headers)).status_code == 201


async def test_the_sdk_meets_a_rate_limit_in_openais_form(sandbox) -> None:
    await sandbox.fault(vendor="openai", kind="429", retry_after=3)
    client = openai.AsyncOpenAI(api_key="sk-1", base_url=f"{sandbox.base}/openai/v1", max_retries=0)
    with pytest.raises(openai.RateLimitError) as limited:
        await client.responses.create(model="gpt-6-luna", input="hi")
    assert limited.value.code == "rate_limit_exceeded"
    assert limited.value.response.headers["retry-after"] == "3"


@pytest.mark.parametrize("vendor", ["openai", "gemini", "graph"])
async def test_every_vendor_has_a_form_for_its_failures(sandbox, vendor: str) -> None:
    await sandbox.fault(vendor=vendor, kind="503", retry_after=2)
    answer = await sandbox.http.get(f"/{vendor}/v1/anything")
    assert answer.status_code == 503
    assert answer.json()["error"]["message"]


async def test_a_fault_that_does_not_exist_is_refused(sandbox) -> None:
    for wish in ({"vendor": "weclapp", "kind": "smoke"}, {"vendor": "nobody", "kind": "cut"}):
        answer = await sandbox.http.post("/_sandbox/faults", json=wish)
        assert answer.status_code == 400
        assert "Unknown" in answer.json()["error"]


async def test_latency_is_what_was_seeded(sandbox, weclapp_headers) -> None:
    await sandbox.seed(weclapp={"latency_ms": 200})
    before = time.monotonic()
    await _create(sandbox, weclapp_headers)
    assert time.monotonic() - before >= 0.2


async def test_what_was_seen_is_listed_newest_last_without_secrets(sandbox, weclapp_headers) -> None:
    await _create(sandbox, weclapp_headers)
    await sandbox.http.get(PARTY, params={"lastName-eq": "Müller"}, headers=weclapp_headers)
    text = await sandbox.http.get("/_sandbox/seen", params={"vendor": "weclapp"})
    first, second = text.json()["seen"]
    assert (first["method"], first["path"], first["body"], first["status"]) == ("POST", PARTY, BODY, 201)
    assert second["query"].startswith("lastName-eq=")
    assert "token-1" not in text.text
    later = await sandbox.http.get("/_sandbox/seen", params={"after": str(first["number"])})
    assert [entry["number"] for entry in later.json()["seen"]] == [second["number"]]


async def test_a_webhook_is_signed_over_time_id_and_raw_body(sandbox) -> None:
    received: list[tuple[dict[str, str], bytes]] = []

    async def hear(request: Request) -> Response:
        received.append((dict(request.headers), await request.body()))
        return PlainTextResponse("heard", status_code=202)

    async with _listening(Starlette(routes=[Route("/hook", hear, methods=["POST"])])) as url:
        raw = b"From: a@example.org\r\n\r\nGr\xfc\xdfe"
        wish = {
            "url": f"{url}/hook",
            "secret": "geheim",
            "body": base64.b64encode(raw).decode(),
            "delivery_id": "d-1",
        }
        answer = await sandbox.http.post("/_sandbox/fire", json=wish)
    assert (answer.json()["status"], answer.json()["body"]) == (202, "heard")
    headers, body = received[0]
    moment, signature = (part.split("=", 1)[1] for part in headers["x-frontdesk-signature"].split(","))
    expected = hmac.new(b"geheim", f"{moment}.d-1.".encode() + raw, hashlib.sha256).hexdigest()
    assert (body, headers["x-frontdesk-delivery"], signature) == (raw, "d-1", expected)


async def test_the_addresses_of_all_vendors_are_told(sandbox) -> None:
    addresses = (await sandbox.http.get("/_sandbox/addresses")).json()
    assert addresses["openai"] == f"{sandbox.base}/openai/v1"
    assert set(addresses) >= {"gemini", "weclapp", "graph", "graph_login", "control"}


async def test_reset_forgets_everything(sandbox, weclapp_headers) -> None:
    await _create(sandbox, weclapp_headers)
    await sandbox.fault(vendor="weclapp", kind="500")
    await sandbox.http.post("/_sandbox/reset")
    assert await _parties(sandbox) == 0
    assert (await sandbox.http.get("/_sandbox/seen")).json() == {"seen": []}
    assert (await sandbox.http.get("/_sandbox/faults")).json() == {"faults": []}


@contextlib.asynccontextmanager
async def _listening(app: Starlette) -> AsyncIterator[str]:
    """The hook's address while it is served, from a thread of its own."""
    # Listening at once: the server's thread may begin after the first caller.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await asyncio.to_thread(thread.join)

"""What a service is asked that must answer at once, over a transport that answers as the test says."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.adapters.answering import HttpAnswers
from gateway.application.answer_webhook import MOST_BYTES
from gateway.application.ports import Incoming, Reply
from gateway.domain.hook import Hook
from testkit.door import served

HOOK = Hook("h", "muster", "calls", "twilio", ())


def call(query: bytes = b"", content_type: str = "application/x-www-form-urlencoded") -> Incoming:
    headers = Headers(raw=[(b"content-type", content_type.encode("latin-1"))])
    return Incoming("POST", b"/webhooks/calls/h", query, headers, b"a=1")


async def asked(answer: Response, incoming: Incoming) -> tuple[Reply | None, Request]:
    seen: list[Request] = []

    async def answering(request: Request) -> Response:
        await request.body()
        seen.append(request)
        return answer

    async with served([Route("/{rest:path}", answering, methods=["POST"])]) as url:
        answers = HttpAnswers({"telephony": url}, SecretStr("service-token"), connect_seconds=1)
        return await answers.ask("telephony", HOOK, incoming, "w-1"), seen[0]


async def test_what_stood_in_the_address_for_the_gateway_goes_no_further() -> None:
    _, request = await asked(Response(), call(b"token=geheim&turn=2&x=%C3%BC"))

    assert request.url.path == "/internal/webhooks/calls"
    assert dict(request.query_params) == {"turn": "2", "x": "ü"}
    assert request.headers["authorization"] == "Bearer service-token"


async def test_whatever_content_type_a_sender_names_harms_nobody() -> None:
    reply, request = await asked(Response("<Response/>", media_type="text/xml"), call(content_type="text/ü"))

    assert reply == Reply(b"<Response/>", "text/xml; charset=utf-8")
    assert request.headers["content-type"] == "text/ü"


@pytest.mark.parametrize("answer", [Response("x" * (MOST_BYTES + 1)), Response(status_code=404), Response(status_code=204)])  # fmt: skip
async def test_an_answer_that_cannot_be_used_is_none(answer: Response) -> None:
    assert (await asked(answer, call()))[0] is None


async def test_a_service_that_is_not_there_has_no_answer() -> None:
    answers = HttpAnswers({"telephony": "http://127.0.0.1:9"}, SecretStr("t"), connect_seconds=1)

    assert await answers.ask("telephony", HOOK, call(), "w-1") is None


async def test_who_stops_waiting_for_an_answer_stops_it() -> None:
    gone = asyncio.Event()

    async def never(request: Request) -> Response:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()
        return Response()

    async with served([Route("/{rest:path}", never, methods=["POST"])]) as url:
        answers = HttpAnswers({"telephony": url}, SecretStr("t"), connect_seconds=1)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await answers.ask("telephony", HOOK, call(), "w-1")
        await asyncio.wait_for(gone.wait(), 5)

"""What verifiers read from outside, over a transport that answers as the test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from gateway.adapters.captcha import SiteVerify
from gateway.adapters.outside import MOST_PER_MINUTE, HttpOutside
from gateway.application.ports import CannotVerify
from vendorkit import Guard, outward_http_client

URL = "https://sns.eu-central-1.amazonaws.com/x.pem?y=1"
Answer = Callable[[httpx.Request], httpx.Response]


def outside(answer: Answer, stand_in: str = "") -> HttpOutside:
    return HttpOutside(httpx.AsyncClient(transport=httpx.MockTransport(answer)), stand_in)


def failing(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody there", request=request)


async def test_a_stand_in_takes_the_place_of_the_host_alone() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, stream=httpx.ByteStream(b"pem"))

    assert await outside(answer).get(URL, 10) == b"pem"
    assert await outside(answer, "http://127.0.0.1:9/sns").get(URL, 10) == b"pem"
    assert seen == [URL, "http://127.0.0.1:9/sns/x.pem?y=1"]


@pytest.mark.parametrize(
    "answer",
    [
        failing,
        lambda _: httpx.Response(302, headers={"Location": "http://169.254.169.254/"}),
        lambda _: httpx.Response(404),
        lambda _: httpx.Response(200, stream=httpx.ByteStream(b"x" * 11)),
    ],
    ids=["nobody", "redirect", "not there", "too much"],
)  # fmt: skip
async def test_whatever_is_no_small_answer_of_the_host_itself_is_for_later(answer: Answer) -> None:
    with pytest.raises(CannotVerify):
        await outside(answer).get(URL, 10)


async def test_nobody_can_have_us_ask_without_end() -> None:
    asked = outside(lambda _: httpx.Response(200, stream=httpx.ByteStream(b"pem")))

    results = await asyncio.gather(
        *(asked.get(URL, 10) for _ in range(MOST_PER_MINUTE + 5)), return_exceptions=True
    )

    assert sum(isinstance(result, CannotVerify) for result in results) == 5


async def test_what_is_not_in_public_is_not_asked() -> None:
    guarded = outward_http_client(Guard(), timeout=httpx.Timeout(1))

    with pytest.raises(CannotVerify):
        await HttpOutside(guarded, "http://127.0.0.1:9").get(URL, 10)
    with pytest.raises(CannotVerify):
        await SiteVerify(guarded, {"turnstile": "http://10.0.0.1/"}).passed("turnstile", "s", "t")


@pytest.mark.parametrize(
    "answer",
    [failing, lambda _: httpx.Response(500), lambda _: httpx.Response(200, text="<html>"), lambda _: httpx.Response(200, json={})],
    ids=["nobody", "broken", "no JSON", "no verdict"],
)  # fmt: skip
async def test_a_captcha_that_says_nothing_lets_nobody_in(answer: Answer) -> None:
    verify = SiteVerify(httpx.AsyncClient(transport=httpx.MockTransport(answer)), {})

    with pytest.raises(CannotVerify):
        await verify.passed("hcaptcha", "s", "t")


async def test_a_captcha_is_asked_with_secret_and_token_and_nothing_of_the_visitor() -> None:
    seen: list[tuple[str, bytes]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.content))
        return httpx.Response(200, json={"success": True})

    verify = SiteVerify(httpx.AsyncClient(transport=httpx.MockTransport(answer)), {})

    assert await verify.passed("hcaptcha", "s", "t")
    assert seen == [("https://api.hcaptcha.com/siteverify", b"secret=s&response=t")]

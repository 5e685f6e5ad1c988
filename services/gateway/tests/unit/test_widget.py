from __future__ import annotations

import inspect
import json

import pytest
from starlette.datastructures import Headers

from contracts.tenants.hooks import WidgetSettings
from gateway.adapters.widget import WidgetKey
from gateway.application.ports import BodyRefused, CannotVerify, Incoming, Reply, SignatureRefused
from gateway.domain.hook import Hook

KEY, ORIGIN = "fdw_0123456789abcdef", "https://www.muster.test"
BODY = json.dumps({"nonce": "n-0123456", "text": "Grüße"}).encode()
CAPTCHA = {"captcha": "turnstile", "captcha_secret": "0x0123456789abcdef"}


class Captchas:
    """The port `Captcha`."""

    def __init__(self, *good: str, down: bool = False) -> None:
        self.good = list(good)
        self.down = down
        self.asked: list[tuple[str, str, str]] = []

    async def passed(self, provider: str, secret: str, token: str) -> bool:
        self.asked.append((provider, secret, token))
        if self.down:
            raise CannotVerify("down")
        return token in self.good


async def verify(
    body: bytes = BODY, *, captchas: Captchas | None = None, query: bytes = b"", settings: dict[str, str] | None = None,
    **headers: str,
) -> str | Reply:  # fmt: skip
    given = {"X-Frontdesk-Key": KEY, "Origin": ORIGIN} | {k.replace("_", "-"): v for k, v in headers.items()}
    sent = Headers({name: value for name, value in given.items() if value})
    own = WidgetSettings.model_validate({"allowed_origins": [ORIGIN], **(settings or {})})
    hook = Hook("h", "muster", "widget", "widget", (KEY.encode(),), own)
    result = WidgetKey(captchas or Captchas()).verify(
        Incoming("POST", b"/webhooks/widget/h", query, sent, body), hook, 0.0
    )
    return await result if inspect.isawaitable(result) else result


async def test_the_same_message_sent_again_is_known_and_the_same_words_said_twice_are_not() -> None:
    twice = BODY.replace(b"n-0123456", b"n-0123457")

    assert await verify() == await verify()
    assert await verify(twice) != await verify()


async def test_the_key_may_stand_in_the_address() -> None:
    assert await verify(query=f"key={KEY}".encode(), X_Frontdesk_Key="") == await verify()


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Frontdesk_Key": ""}, {"X_Frontdesk_Key": KEY + "x"}, {"Origin": ""}, {"Origin": "https://evil.test"},
        {"Origin": ORIGIN + ".evil.test"}, {"Origin": "http://www.muster.test"}, {"Origin": ORIGIN + "/"}, {"Origin": "null"},
    ],
)  # fmt: skip
async def test_another_key_or_page_is_refused(headers: dict[str, str]) -> None:
    with pytest.raises(SignatureRefused):
        await verify(**headers)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b"{}", b'{"nonce": 12345678}', b'{"nonce": "short"}',
                                  b'{"nonce": "' + b"x" * 129 + b'"}'])  # fmt: skip
async def test_a_message_without_a_nonce_is_refused_for_a_repetition_could_not_be_told(body: bytes) -> None:
    with pytest.raises(BodyRefused):
        await verify(body)


async def test_a_captcha_is_wanted_only_where_the_hook_says_so() -> None:
    captchas = Captchas("solved")

    assert await verify(captchas=captchas) == await verify(
        captchas=captchas, settings=CAPTCHA, X_Frontdesk_Captcha="solved"
    )
    assert captchas.asked == [("turnstile", "0x0123456789abcdef", "solved")]


@pytest.mark.parametrize("token", ["", "unsolved", "x" * 5000])
async def test_who_has_not_solved_the_captcha_is_refused(token: str) -> None:
    with pytest.raises(SignatureRefused):
        await verify(settings=CAPTCHA, X_Frontdesk_Captcha=token)


async def test_while_the_captcha_is_down_visitors_are_asked_to_come_again() -> None:
    with pytest.raises(CannotVerify):
        await verify(captchas=Captchas(down=True), settings=CAPTCHA, X_Frontdesk_Captcha="solved")


async def test_a_wrong_key_costs_no_captcha() -> None:
    captchas = Captchas("solved")

    with pytest.raises(SignatureRefused):
        await verify(
            captchas=captchas, settings=CAPTCHA, X_Frontdesk_Key="wrong", X_Frontdesk_Captcha="solved"
        )
    assert captchas.asked == []

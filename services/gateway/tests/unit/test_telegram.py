from __future__ import annotations

import hashlib
import json

import pytest
from starlette.datastructures import Headers

from contracts.tenants.hooks import HookSettings
from gateway.adapters.telegram import TelegramToken
from gateway.application.ports import Incoming, SignatureRefused
from gateway.domain.hook import Hook

TOKEN, OLD = b"Token_of-this-bot-01", b"Token_of-before-0123"
BODY = json.dumps({"update_id": 901, "message": {"text": "Grüße"}}).encode()
HOOK = Hook("h", "muster", "telegram", "telegram", (TOKEN, OLD), HookSettings())


def verify(*tokens: bytes, body: bytes = BODY) -> str:
    raw = [(b"x-telegram-bot-api-secret-token", token) for token in tokens]
    return TelegramToken().verify(
        Incoming("POST", b"/webhooks/telegram/h", b"", Headers(raw=raw), body), HOOK, 0
    )


@pytest.mark.parametrize("token", [TOKEN, OLD])
def test_an_update_is_known_by_its_id(token: bytes) -> None:
    assert verify(token) == "901"


@pytest.mark.parametrize(
    "tokens", [(), (b"",), (b"Token_of-this-bot-0",), (TOKEN + b" ",), (b"\xff" * 20,), (TOKEN, TOKEN)]
)
def test_another_token_or_none_or_two_are_refused(tokens: tuple[bytes, ...]) -> None:
    with pytest.raises(SignatureRefused):
        verify(*tokens)


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b'{"update_id": true}', b'{"update_id": "901"}'])
def test_an_update_without_an_id_is_known_by_its_hash(body: bytes) -> None:
    assert verify(TOKEN, body=body) == hashlib.sha256(body).hexdigest()


def test_an_id_of_absurd_size_names_nothing() -> None:
    body = b'{"update_id": 1' + b"0" * 4000 + b"}"

    assert verify(TOKEN, body=body) == hashlib.sha256(body).hexdigest()

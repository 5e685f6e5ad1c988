from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Literal

import pytest
from starlette.datastructures import Headers

from contracts.values import BlobRef
from contracts.webhooks.v1 import WebhookReceived
from gateway.application.accept_webhook import AcceptWebhook, Receipt
from gateway.application.answer_webhook import MOST_BYTES, AnswerWebhook
from gateway.application.ports import (
    EncodedBody,
    Incoming,
    Question,
    Reply,
    SignatureRefused,
    TenantSuspended,
)
from gateway.domain.hook import Hook

HOOK = Hook("h", "muster", "calls", "bell", (b"s",))
INCOMING = Incoming("POST", b"/webhooks/calls/h", b"", Headers(), b"ring")
SAFE = Reply(b"<Response/>", "text/xml")
GREETING = Reply(b"<Response>Servus</Response>", "text/xml; charset=utf-8")


@dataclass
class Bell:
    """The ports `Verifier` and `Respondent` of a sender that rings."""

    kept_headers: tuple[str, ...] = ()
    methods: frozenset[str] = frozenset({"POST"})
    most_bytes: int | None = None
    verified: str | Reply | None = "d-1"
    asks: str | None = "telephony"

    def verify(self, incoming: Incoming, hook: Hook, now: float) -> str | Reply:
        if self.verified is None:
            raise SignatureRefused("no")
        return self.verified

    def question(self, incoming: Incoming, hook: Hook) -> Question | None:
        return Question(self.asks, 0.05, SAFE, frozenset({"text/xml"}))


@dataclass
class Kept:
    """The port `Intake`."""

    ids: list[str] = field(default_factory=list[str])

    async def keep_body(self, tenant_id: str, body: bytes, content_type: str) -> BlobRef:
        raise AssertionError("nothing here is large")

    async def accept(
        self, tenant_id: str, message: WebhookReceived, message_id: str
    ) -> Literal["new", "known"]:
        known = message_id in self.ids
        self.ids.append(message_id)
        return "known" if known else "new"


@dataclass
class Telephony:
    """The port `AskedServices`."""

    reply: Reply | None = GREETING
    seconds: float = 0.0

    async def ask(self, service: str, hook: Hook, incoming: Incoming, webhook_id: str) -> Reply | None:
        await asyncio.sleep(self.seconds)
        return self.reply


def encoded(*codings: str) -> Incoming:
    return replace(INCOMING, headers=Headers(raw=[(b"content-encoding", one.encode()) for one in codings]))


async def test_a_delivery_that_comes_again_is_known() -> None:
    accept = AcceptWebhook({"bell": Bell()}, Kept())

    first, again = await accept(HOOK, INCOMING), await accept(HOOK, INCOMING)

    assert isinstance(first, Receipt)
    assert isinstance(again, Receipt)
    assert (first.new, again.new, first.id) == (True, False, again.id)


async def test_of_a_handshake_nothing_is_kept() -> None:
    kept = Kept()

    assert await AcceptWebhook({"bell": Bell(verified=SAFE)}, kept)(HOOK, INCOMING) == SAFE
    assert kept.ids == []


async def test_a_hook_of_a_kind_that_is_not_known_takes_nothing() -> None:
    with pytest.raises(SignatureRefused, match="no verifier 'bell'"):
        await AcceptWebhook({}, Kept())(HOOK, INCOMING)


@pytest.mark.parametrize("codings", [("gzip",), ("gzip, gzip",), ("gzip", "gzip"), ("identity", "br"), ("",)])
async def test_nothing_is_unpacked_not_even_once(codings: tuple[str, ...]) -> None:
    with pytest.raises(EncodedBody):
        await AcceptWebhook({"bell": Bell()}, Kept())(HOOK, encoded(*codings))


async def test_a_body_that_says_it_is_not_encoded_is_taken() -> None:
    assert isinstance(await AcceptWebhook({"bell": Bell()}, Kept())(HOOK, encoded("Identity")), Receipt)


@pytest.mark.parametrize("verified", ["d-1", SAFE])
async def test_for_a_suspended_tenant_nothing_is_taken_and_only_the_sender_is_told_so(
    verified: str | Reply,
) -> None:
    kept, suspended = Kept(), replace(HOOK, suspended=True)

    with pytest.raises(TenantSuspended):
        await AcceptWebhook({"bell": Bell(verified=verified)}, kept)(suspended, INCOMING)
    with pytest.raises(SignatureRefused):
        await AcceptWebhook({"bell": Bell(verified=None)}, kept)(suspended, INCOMING)
    assert kept.ids == []


async def answered(telephony: Telephony, bell: Bell | None = None) -> tuple[Reply | None, int]:
    counted: list[str] = []
    answer = AnswerWebhook({"bell": bell or Bell()}, telephony, counted.append)
    return await answer(HOOK, INCOMING, "id"), len(counted)


async def test_a_services_answer_goes_to_the_caller_as_it_is() -> None:
    assert await answered(Telephony()) == (GREETING, 0)


@pytest.mark.parametrize(
    "telephony",
    [
        Telephony(reply=None), Telephony(seconds=30), Telephony(Reply(b"{}", "application/json")),
        Telephony(Reply(b"x" * (MOST_BYTES + 1), "text/xml")), Telephony(Reply(b"", "text/xml", 204)),
    ],
    ids=["none", "late", "of the wrong kind", "too long", "not 200"],
)  # fmt: skip
async def test_a_caller_gets_the_safe_answer_when_the_service_has_none_that_can_be_used(
    telephony: Telephony,
) -> None:
    assert await answered(telephony) == (SAFE, 1)


async def test_what_is_no_question_is_asked_of_nobody() -> None:
    assert await answered(Telephony(), Bell(asks=None)) == (SAFE, 0)
    assert await AnswerWebhook({}, Telephony(), print)(HOOK, INCOMING, "id") is None

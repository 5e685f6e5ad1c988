"""What all kinds of senders have in common."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from contracts.tenants.hooks import (
    KINDS,
    HookSettings,
    PublicHookSettings,
    SipgateSettings,
    SnsSettings,
    TwilioSettings,
    WhatsappSettings,
    WidgetSettings,
)
from gateway.adapters.signatures import fits
from gateway.adapters.verifiers import respondents, verifiers
from gateway.application.ports import BodyRefused, Incoming, Reply, SignatureRefused
from gateway.domain.hook import Hook

SECRET = b"ein-geheimnis-von-vielen"
SETTINGS: dict[str, HookSettings] = {
    "whatsapp": WhatsappSettings(verify_token="verify-token-0123"),
    "twilio": TwilioSettings(),
    "sipgate": SipgateSettings(),
    "sns": SnsSettings(topic_arns=("arn:aws:sns:eu-central-1:123456789012:inbound",)),
    "hubspot": PublicHookSettings(),
    "widget": WidgetSettings(allowed_origins=("https://www.muster.test",)),
}
SIGNED_BY = {
    "hmac": "x-frontdesk-signature", "stripe": "stripe-signature", "whatsapp": "x-hub-signature-256",
    "telegram": "x-telegram-bot-api-secret-token", "twilio": "x-twilio-signature", "sipgate": "x-sipgate-signature",
    "hubspot": "x-hubspot-signature-v3", "widget": "x-frontdesk-key",
}  # fmt: skip


class Nobody:
    async def get(self, url: str, most_bytes: int) -> bytes:
        raise AssertionError(f"nobody should have been asked for {url}")

    async def passed(self, provider: str, secret: str, token: str) -> bool:
        raise AssertionError("nobody should have been asked")


VERIFIERS = verifiers("https://hooks.muster.test", Nobody(), Nobody())


def hook_of(kind: str, *secrets: bytes) -> Hook:
    return Hook("h", "muster", kind, kind, secrets, SETTINGS.get(kind, HookSettings()))


async def verified(kind: str, incoming: Incoming, hook: Hook) -> str | Reply:
    result = VERIFIERS[kind].verify(incoming, hook, 1_790_000_000.0)
    return result if isinstance(result, str | Reply) else await result


def test_there_is_one_verifier_for_each_kind_of_hook_that_tenancy_takes() -> None:
    assert VERIFIERS.keys() == KINDS.keys()
    assert respondents("https://hooks.muster.test").keys() <= KINDS.keys()


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_an_empty_request_is_refused_by_every_kind(kind: str) -> None:
    incoming = Incoming("POST", b"/webhooks/x/h", b"", Headers(), b"")

    with pytest.raises(SignatureRefused):
        await verified(kind, incoming, hook_of(kind, SECRET))


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_a_hook_without_secrets_and_settings_takes_nothing(kind: str) -> None:
    headers = Headers(raw=[(name.encode(), b"") for name in SIGNED_BY.values()])
    incoming = Incoming("POST", b"/webhooks/x/h", b"token=&key=", headers, b'{"value":[{"clientState":""}]}')

    with pytest.raises(SignatureRefused):
        await verified(kind, incoming, Hook("h", "muster", kind, kind, ()))


@pytest.mark.parametrize("kind", sorted(SIGNED_BY))
@given(
    signature=st.text(st.characters(max_codepoint=255), max_size=200),
    query=st.binary(max_size=60),
    body=st.binary(max_size=120),
)
async def test_no_header_query_or_body_whatever_passes_without_the_secret(
    kind: str, signature: str, query: bytes, body: bytes
) -> None:
    headers = Headers(raw=[(SIGNED_BY[kind].encode(), signature.encode("latin-1"))])
    incoming = Incoming("POST", b"/webhooks/x/h", query, headers, body)

    with pytest.raises((SignatureRefused, BodyRefused)):
        await verified(kind, incoming, hook_of(kind, SECRET))


def test_every_pair_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []

    def noted(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("gateway.adapters.signatures.hmac.compare_digest", noted)

    assert fits([b"a", b"b"], [b"a", b"c"])
    assert compared == [(b"a", b"a"), (b"a", b"c"), (b"b", b"a"), (b"b", b"c")]

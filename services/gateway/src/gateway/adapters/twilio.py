"""Twilio: `X-Twilio-Signature` is base64 HMAC over the whole URL, then each field of the form as name + value, sorted.

Under the account's auth token it is HMAC-SHA1; with `X-Twilio-Webhooks-Signature-Settings: key=<id>,algorithm=HMAC_SHA256`
it is HMAC-SHA256 under that shared key. A secret `<id>:<secret>` is a shared key and fits nothing else, so that nobody can
ask for the weaker of two. A body that is no form is signed by the field `bodySHA256` of the URL. As in Twilio's
documentation ("Webhooks security") and its SDK 9.13 (`request_validator.py`), also in that the URL may have its port.

The URL is the public one: it is built from a configured address, never from a header of the request.

There is no time in it. The delivery id is the message's with its status, or the call's with a hash over all that is signed:
a call comes back with each thing that the caller does. Whoever asks for the same twice in one call (a menu) puts the turn
into the address that he names, or the second answer counts as the first come again.

Twilio waits 15 s for an answer. Calls are asked of telephony, messages of messaging; their status reports of nobody.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit, urlunsplit

from contracts.tenants.hooks import TwilioSettings
from gateway.adapters.signatures import (
    PostOnly,
    body_id,
    fits,
    form,
    from_query,
    latin,
    only,
    settings_of,
    short_id,
)
from gateway.application.ports import Incoming, Question, Reply, SignatureRefused
from gateway.domain.hook import Hook

SECONDS = 8.0
_XML = frozenset({"text/xml", "application/xml"})
_SETTINGS = re.compile(r"key=([A-Za-z0-9_-]{1,64}),\s*algorithm=HMAC_SHA256")
_FORM = "application/x-www-form-urlencoded"
_PORTS = {"https": 443, "http": 80}
_OVER = frozenset({"completed", "busy", "no-answer", "failed", "canceled"})
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_WORDS = {
    "de": "Guten Tag. Wir sind im Augenblick nicht erreichbar. Bitte rufen Sie später noch einmal an.",
    "en": "Hello. We cannot take your call at the moment. Please try again later.",
}
_VOICES = {"de": "de-DE", "en": "en-GB"}


class TwilioSignature(PostOnly):
    """The ports `Verifier` and `Respondent` for Twilio."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url

    def verify(self, incoming: Incoming, hook: Hook, _: float) -> str:
        """The message's id and status, or the call's and what it says. Raises `SignatureRefused`."""
        given = latin(only(incoming.headers, "x-twilio-signature"))
        algorithm, secrets = _keys(incoming, hook)
        fields = _fields(incoming)
        signed = "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
        base = settings_of(hook, TwilioSettings).public_url or self._public_url
        target = incoming.path + (b"?" + incoming.query if incoming.query else b"")
        expected = [
            b64encode(hmac.new(secret, (url + signed).encode(), algorithm).digest())
            for secret in secrets
            for url in _with_and_without_port(base + target.decode("latin-1"))
        ]
        if not fits(expected, [given]):
            raise SignatureRefused("the signature does not fit this hook, its public address and the form")
        return _delivery(incoming, fields, signed)

    def question(self, incoming: Incoming, hook: Hook) -> Question | None:
        """What the caller shall hear, or the sender of a message read."""
        if not _is_form(incoming):
            return None
        fields = {name: values[0] for name, values in _fields(incoming).items()}
        if "CallSid" not in fields:
            service = "messaging" if "MessageSid" in fields and "MessageStatus" not in fields else None
            return Question(service, SECONDS, _twiml("<Response/>"), _XML)
        if "CallbackSource" in fields or fields.get("CallStatus") in _OVER:
            return Question(None, SECONDS, _twiml("<Response/>"), _XML)
        return Question("telephony", SECONDS, _caller_hears(settings_of(hook, TwilioSettings)), _XML)


def _keys(incoming: Incoming, hook: Hook) -> tuple[Literal["sha1", "sha256"], list[bytes]]:
    wanted = incoming.headers.getlist("x-twilio-webhooks-signature-settings")
    if not wanted:
        return "sha1", [secret for secret in hook.secrets if b":" not in secret]
    found = _SETTINGS.fullmatch(wanted[0]) if len(wanted) == 1 else None
    if found is None:
        raise SignatureRefused("the signature's settings must be key=<id>,algorithm=HMAC_SHA256")
    prefix = found[1].encode("ascii") + b":"
    return "sha256", [secret.removeprefix(prefix) for secret in hook.secrets if secret.startswith(prefix)]


def _is_form(incoming: Incoming) -> bool:
    content_type = next(iter(incoming.headers.getlist("content-type")), "")
    return content_type.partition(";")[0].strip().lower() == _FORM


def _fields(incoming: Incoming) -> dict[str, list[str]]:
    """The fields that are signed: those of the form; none of another body, whose hash stands in the URL."""
    if not _is_form(incoming):
        wanted = (from_query(incoming, "bodySHA256") or "").lower()
        if not fits([body_id(incoming.body).encode("ascii")], [latin(wanted)]):
            raise SignatureRefused("a body that is no form must be signed by bodySHA256 in the address")
        return {}
    fields: dict[str, list[str]] = {}
    for name, value in form(incoming.body):
        fields.setdefault(name, []).append(value)
    return fields


def _with_and_without_port(url: str) -> Iterator[str]:
    parts = urlsplit(url)
    yield url
    if parts.port is None:
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc}:{_PORTS[parts.scheme]}"))
    else:
        yield urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0]))


def _delivery(incoming: Incoming, fields: dict[str, list[str]], signed: str) -> str:
    first = {name: values[0] for name, values in fields.items()}
    if call := first.get("CallSid"):
        target = incoming.path + b"?" + incoming.query + b"\n" + signed.encode()
        return short_id(f"{call}:{hashlib.sha256(target).hexdigest()[:32]}", incoming.body)
    if message := first.get("MessageSid"):
        return short_id(f"{message}:{first.get('MessageStatus', 'received')}", incoming.body)
    return body_id(incoming.body)


def _caller_hears(settings: TwilioSettings) -> Reply:
    if settings.forward_to is not None:
        return _twiml(f"<Response><Dial><Number>{settings.forward_to}</Number></Dial></Response>")
    words, voice = _WORDS[settings.language], _VOICES[settings.language]
    return _twiml(f'<Response><Say language="{voice}">{words}</Say><Hangup/></Response>')


def _twiml(document: str) -> Reply:
    return Reply((_HEAD + document).encode(), "text/xml; charset=utf-8")

"""The website widget: visitors' browsers post to the hook, from the tenant's own pages.

A browser can keep no secret. What is wanted is the widget's public key (`X-Frontdesk-Key` or `?key=`), a page of the tenant
(`Origin`, exactly one of `allowed_origins`), a small JSON object, and, when the hook says so, a solved captcha
(`X-Frontdesk-Captcha`). This keeps other pages out, not programs: those meet the limit of each address, and the captcha.

The delivery id is a hash over the `nonce` that the widget makes for each message, and the body it stands in: what is sent
again, because the answer was lost, is known; what is said twice is heard twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable

from contracts.tenants.hooks import WidgetSettings
from gateway.adapters.signatures import (
    PostOnly,
    fits,
    from_query,
    json_object,
    latin,
    only,
    settings_of,
    text_of,
)
from gateway.application.ports import BodyRefused, Captcha, Incoming, SignatureRefused, Verified
from gateway.domain.hook import Hook

LARGEST_BODY = 32 * 1024


class WidgetKey(PostOnly):
    """The port `Verifier` for the website widget."""

    kept_headers = ("origin",)
    most_bytes = LARGEST_BODY
    secret_is_public = True

    def __init__(self, captcha: Captcha) -> None:
        self._captcha = captcha

    def verify(self, incoming: Incoming, hook: Hook, _: float) -> Verified | Awaitable[Verified]:
        """A hash over nonce and body. Raises `SignatureRefused`, `BodyRefused`, `CannotVerify`."""
        settings = settings_of(hook, WidgetSettings)
        given = next(iter(incoming.headers.getlist("x-frontdesk-key")), None) or from_query(incoming, "key")
        if not fits(hook.secrets, [latin(given or "")]):
            raise SignatureRefused("the widget's key is not this hook's")
        if only(incoming.headers, "origin") not in settings.allowed_origins:
            raise SignatureRefused("the page is none of those that this widget may stand on")
        nonce = text_of(json_object(incoming.body), "nonce")
        if not 8 <= len(nonce) <= 128:
            raise BodyRefused(
                'send a JSON object with a "nonce" of 8 to 128 characters, new for each message'
            )
        delivery = hashlib.sha256(nonce.encode("utf-8", "surrogatepass") + b"." + incoming.body).hexdigest()
        if settings.captcha is None or settings.captcha_secret is None:
            return delivery
        return self._of_a_person(settings.captcha, settings.captcha_secret, incoming, delivery)

    async def _of_a_person(self, provider: str, secret: str, incoming: Incoming, delivery: str) -> str:
        token = only(incoming.headers, "x-frontdesk-captcha")
        if not 0 < len(token) <= 4096 or not await self._captcha.passed(provider, secret, token):
            raise SignatureRefused("the captcha is not solved: show a new one")
        return delivery

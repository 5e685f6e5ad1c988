"""Telegram: the secret of `setWebhook` comes as it is in `X-Telegram-Bot-Api-Secret-Token`; nothing is signed.

As in the Bot API's documentation of `setWebhook` and the official server (`WebhookActor.cpp`). Without a signature it
is TLS that keeps secret and body whole; there is no time, so that a replay is known by its id alone.

The delivery id is `update_id`: it rises for each update of a bot, and a repeated delivery carries it again.
"""

from __future__ import annotations

from gateway.adapters.signatures import PostOnly, body_id, fits, json_object, latin, only
from gateway.application.ports import Incoming, SignatureRefused
from gateway.domain.hook import Hook


class TelegramToken(PostOnly):
    """The port `Verifier` for Telegram."""

    def verify(self, incoming: Incoming, hook: Hook, _: float) -> str:
        """The update's id. Raises `SignatureRefused`."""
        given = latin(only(incoming.headers, "x-telegram-bot-api-secret-token"))
        if not fits(hook.secrets, [given]):
            raise SignatureRefused("the secret token is not this hook's")
        update = json_object(incoming.body).get("update_id")
        if isinstance(update, int) and not isinstance(update, bool) and abs(update) < 2**63:
            return str(update)
        return body_id(incoming.body)

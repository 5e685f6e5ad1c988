"""Firing a webhook: `POST /_sandbox/fire`, `GET /_sandbox/fire/keys`."""

from collections.abc import Callable, Mapping

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.webhooks import (
    generic,
    graph,
    hubspot,
    sipgate,
    sns,
    stripe,
    telegram,
    twilio,
    weclapp,
    whatsapp,
    widget,
)
from sandbox.webhooks.request import Outgoing, Wish
from sandbox.wire import json_object

SENDERS: Mapping[str, Callable[[Wish], Outgoing]] = {
    "generic": generic.signed, "stripe": stripe.signed, "whatsapp": whatsapp.signed, "telegram": telegram.signed,
    "twilio": twilio.signed, "sipgate": sipgate.signed, "sns": sns.signed, "graph": graph.signed,
    "hubspot": hubspot.signed, "weclapp": weclapp.signed, "widget": widget.signed,
}  # fmt: skip


async def fire(request: Request) -> Response:
    """Make a webhook of `vendor` (else the generic one), sign it, post it to the given URL, and say how it was answered."""
    try:
        wish = Wish.of(json_object(await request.body()))
        sender = SENDERS[wish.text("vendor", "generic")]
        outgoing = sender(wish)
    except KeyError as unknown:
        return _bad(f"Unknown sender {unknown}; there are {sorted(SENDERS)}.")
    except ValueError as error:
        return _bad(f"The body to send is base64 in `body`, what a sender counts is a number: {error}")
    try:
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            answer = await client.request(
                outgoing.method, outgoing.url, content=outgoing.body, headers=outgoing.headers
            )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return _bad(f"The webhook could not be delivered: {error!r}", 502)
    return JSONResponse(
        {
            "status": answer.status_code,
            "headers": dict(answer.headers),
            "body": answer.text,
            "delivery_id": outgoing.delivery_id,
        }
    )


async def show_keys(_request: Request) -> Response:
    """The public keys that a receiver must know."""
    return JSONResponse({"sipgate": sipgate.public_key()})


def _bad(message: str, status: int = 400) -> Response:
    return JSONResponse({"error": message}, status_code=status)

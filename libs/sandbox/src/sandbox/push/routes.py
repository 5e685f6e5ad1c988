"""The push service's HTTP interface, and the browser that shows what it delivers."""

import re
from uuid import uuid4

import http_ece
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.push.state import PushMessage, PushState, Subscription
from sandbox.push.vapid import Forbidden, Unproved, signer_of
from sandbox.wire import JsonObject, NotJson, as_text, as_texts, json_object

LARGEST = 4096
"""RFC 8030, 7.2: a push service must take this much, and may refuse more."""
_URGENCIES = frozenset({"very-low", "low", "normal", "high"})
_TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")


class Push:
    """A push service as a vendor of the sandbox."""

    name = "push"

    def __init__(self) -> None:
        self._state = PushState()

    def routes(self) -> list[BaseRoute]:
        """`/subscribe` is what a browser does by itself, `/send/{token}` the push resource of RFC 8030."""
        return [
            Route("/subscribe", self._subscribe, methods=["POST"]),
            Route("/send/{token}", self._send, methods=["POST"]),
        ]

    def reset(self) -> None:
        """No subscription, no message."""
        self._state = PushState()

    def seed(self, data: JsonObject) -> None:
        """`expired` and `removed`: endpoints that answer 410 and 404 from now on; `offline`: the devices are away."""
        for endpoint in as_texts(data.get("expired")):
            self._state.subscriptions[endpoint].expired = True
        for endpoint in as_texts(data.get("removed")):
            del self._state.subscriptions[endpoint]
        self._state.offline = bool(data.get("offline", self._state.offline))

    def snapshot(self) -> JsonObject:
        """What was taken, as the person sees it, oldest first."""
        return {
            "messages": [message.as_json() for message in self._state.messages],
            "replaced": [message.as_json() for message in self._state.replaced],
            "subscriptions": list(self._state.subscriptions),
        }

    def failure(self, status: int, retry_after: float | None) -> Response:
        """A failure; RFC 8030 gives it no body."""
        headers = {"Retry-After": f"{retry_after:g}"} if retry_after is not None else None
        return Response(status_code=status, headers=headers)

    def dump(self) -> JsonObject:
        """Nothing outlives a restart."""
        return {}

    def load(self, data: JsonObject) -> None:
        """Nothing outlives a restart."""

    async def _subscribe(self, request: Request) -> Response:
        try:
            key = as_text(json_object(await request.body()).get("applicationServerKey")) or None
        except NotJson as error:
            return _problem(400, str(error))
        endpoint = f"{_origin(request)}/push/send/{uuid4().hex}"
        made = self._state.subscriptions[endpoint] = Subscription(endpoint, key)
        return JSONResponse(made.as_browser_tells(), 201)

    async def _send(self, request: Request) -> Response:
        endpoint = f"{_origin(request)}{request.url.path}"
        subscription = self._state.subscriptions.get(endpoint)
        if subscription is None:
            return _problem(404, "no such subscription")
        if subscription.expired:
            return _problem(410, "the subscription has expired")
        body = await request.body()
        if len(body) > LARGEST:
            return _problem(413, f"at most {LARGEST} bytes")
        if (flaw := _flaw(request)) is not None:
            return _problem(400, flaw)
        try:
            signer = signer_of(request.headers.get("authorization", ""), _origin(request))
        except Unproved as error:
            return _problem(401, str(error), {"WWW-Authenticate": "vapid"})
        except Forbidden as error:
            return _problem(403, str(error))
        if subscription.application_server_key not in (None, signer):
            return _problem(403, "the key is not the one that the subscription was made for")
        message = PushMessage(
            endpoint, _shown(subscription, body), int(request.headers["ttl"]),
            request.headers.get("urgency", "normal"), request.headers.get("topic"), signer,
        )  # fmt: skip
        self._state.take(message)
        headers = {"Location": f"{_origin(request)}/push/message/{message.id}", "TTL": str(message.ttl)}
        return Response(status_code=201, headers=headers)


def _flaw(request: Request) -> str | None:
    """What is wrong with the headers, by RFC 8030 and RFC 8291."""
    if not request.headers.get("ttl", "").isdecimal():
        return "the header TTL is missing or no number (RFC 8030, 5.2)"
    if request.headers.get("urgency", "normal") not in _URGENCIES:
        return "no such urgency (RFC 8030, 5.3)"
    if not _TOPIC.fullmatch(request.headers.get("topic", "x")):
        return "a topic has at most 32 characters of base64url (RFC 8030, 5.4)"
    if request.headers.get("content-encoding") != "aes128gcm":
        return "the content encoding is not aes128gcm (RFC 8291, 4)"
    return None


def _shown(subscription: Subscription, body: bytes) -> str | None:
    """What the browser reads; it drops in silence what it cannot, as real ones do."""
    try:
        plain: bytes = http_ece.decrypt(
            body, private_key=subscription.private_key, auth_secret=subscription.auth, version="aes128gcm"
        )
        return plain.decode()
    except (http_ece.ECEException, ValueError):
        return None


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"status": status, "detail": detail}, status, headers)

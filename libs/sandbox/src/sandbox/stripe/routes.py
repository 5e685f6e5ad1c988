"""Stripe as a vendor of the sandbox: who may call, what is answered, and what happens around an answer."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import deque
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.stripe import (
    cancelling,
    checkout,
    clocks,
    credit_notes,
    customers,
    errors,
    events,
    invoices,
    meter_events,
    meters,
    payment_methods,
    portal,
    previews,
    prices,
    products,
    subscription_changes,
    subscriptions,
)
from sandbox.stripe.call import Call, Operation
from sandbox.stripe.deliveries import Courier
from sandbox.stripe.encoding import decoded
from sandbox.stripe.errors import StripeError
from sandbox.stripe.idempotency import Keys
from sandbox.stripe.pages import Pages
from sandbox.stripe.params import Params
from sandbox.stripe.rendering import rendered
from sandbox.stripe.state import API_VERSION, Account, visible
from sandbox.wire import (
    JsonObject,
    NotJson,
    as_int,
    as_list,
    as_number,
    as_objects,
    as_text,
    as_texts,
    json_object,
)

_TEST_KEYS = ("sk_test_", "rk_test_")
OPERATIONS: list[Operation] = [
    *customers.OPERATIONS, *payment_methods.OPERATIONS, *products.OPERATIONS, *prices.OPERATIONS,
    *subscriptions.OPERATIONS, *subscription_changes.OPERATIONS, *cancelling.OPERATIONS, *portal.OPERATIONS,
    *invoices.OPERATIONS, *previews.OPERATIONS, *credit_notes.OPERATIONS, *checkout.OPERATIONS, *meters.OPERATIONS, *meter_events.OPERATIONS,
    *events.OPERATIONS, *clocks.OPERATIONS,
]  # fmt: skip


class Stripe:
    """Stripe's interface over one account in test mode."""

    name = "stripe"

    def __init__(self) -> None:
        self.account = Account()
        self.courier = Courier(self.account)
        self._keys = Keys()
        self._recent: deque[float] = deque()

    def routes(self) -> list[BaseRoute]:
        """Every operation, and a 404 for what there is not."""
        # A fixed path goes before one with a name in it: /search is no customer.
        ordered = sorted(OPERATIONS, key=lambda known: known.path.count("{"))
        return [
            *(self._route(known) for known in ordered),
            *Pages(self).routes(),
            Route("/{rest:path}", self._unknown),
        ]

    def reset(self) -> None:
        """A new, empty account."""
        self.courier.forget()
        self.account = Account()
        self.courier = Courier(self.account)
        self._keys = Keys()
        self._recent.clear()

    def seed(self, data: JsonObject) -> None:
        """Settings: see FIDELITY.md."""
        settings = self.account.settings
        settings.keys |= set(as_texts(data.get("keys")))
        if "requests_per_second" in data:
            settings.requests_per_second = as_int(data["requests_per_second"]) or None
        settings.work_seconds = as_number(data.get("work_ms"), settings.work_seconds * 1000) / 1000
        if "retry_days" in data:
            settings.retry_days = tuple(as_int(days) for days in as_list(data["retry_days"]))
        settings.after_retries = as_text(data.get("after_retries"), settings.after_retries)
        for wish in as_objects(data.get("endpoints")):
            events.registered(self.account, wish)
        if "webhook_retry_seconds" in data:
            settings.webhook_retry_seconds = tuple(
                as_number(pause) for pause in as_list(data["webhook_retry_seconds"])
            )

    def snapshot(self) -> JsonObject:
        """Every object: kind → list."""
        return {kind: [visible(r) for r in self.account.all(kind)] for kind in self.account.tables}

    def failure(self, status: int, retry_after: float | None) -> Response:
        """A failure in Stripe's form."""
        return errors.failure(status, retry_after)

    def dump(self) -> JsonObject:
        """Nothing is kept over a restart."""
        return {}

    def load(self, data: JsonObject) -> None:
        """Nothing is kept over a restart."""

    def _route(self, known: Operation) -> Route:
        async def endpoint(request: Request) -> Response:
            self.account.tick()
            raw = await request.body()
            try:
                owner = self._allowed(request, known.path)
                self._not_too_often()
                answer = await self._once(request, known, owner, raw)
            except StripeError as refused:
                answer = refused.response()
            answer.headers["request-id"] = self.account.new_id("req")
            answer.headers["stripe-version"] = request.headers.get("stripe-version", API_VERSION)
            return answer

        return Route(known.path, endpoint, methods=[known.method])

    async def _once(self, request: Request, known: Operation, owner: str, raw: bytes) -> Response:
        """Answer a POST with a key only once; the same request again gets the same answer."""
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if key is None:
            return await self._answer(request, known, raw)
        asked = (request.method, request.url.path, raw)
        held = self._keys.begin(owner, key, asked, time.monotonic())
        if held is not None:
            again = Response(held.body, held.status_code, media_type="application/json")
            again.headers["idempotent-replayed"] = "true"
            return again
        # Whatever goes wrong before the work is done must not keep the key taken.
        kept: Response | None = None
        try:
            answer = await self._answer(request, known, raw)
            kept = None if answer.status_code in (400, 404) else answer
            return answer
        finally:
            self._keys.finish(owner, key, kept)

    async def _answer(self, request: Request, known: Operation, raw: bytes) -> Response:
        account = self.account
        await asyncio.sleep(account.settings.work_seconds)
        try:
            params = Params(_parameters(request, raw))
            params.only(*known.parameters)
            account.request = {"id": None, "idempotency_key": request.headers.get("idempotency-key")}
            account.later = _after_the_answer
            call = Call(account, params, request.path_params, _base(request))
            answer = known.handler(call)
            expand = params.texts("expand")
            return JSONResponse(rendered(account, answer, expand))
        except StripeError as refused:
            return refused.response()

    def _allowed(self, request: Request, path: str) -> str:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            given = base64.b64decode(given).decode().partition(":")[0]
        if path == "/v2/billing/meter_event_stream":
            self._allow_stream(given)
            return given
        known = self.account.settings.keys
        if not given.startswith(_TEST_KEYS) or (known and given not in known):
            raise errors.not_authorised(given)
        return given

    def _allow_stream(self, token: str) -> None:
        now = self.account.own_clock.now
        for session in self.account.all("v2.billing.meter_event_session"):
            if session["authentication_token"] == token and session["_expires"] > now:
                return
        raise StripeError(
            "The temporary session token has expired or is not known.",
            status=401, kind="temporary_session_expired", code="billing_meter_event_session_expired",
        )  # fmt: skip

    def _not_too_often(self) -> None:
        limit, now = self.account.settings.requests_per_second, time.monotonic()
        if limit is None:
            return
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        if len(self._recent) >= limit:
            raise StripeError(
                "Too many requests hit the API too quickly. We recommend an exponential backoff of your requests.",
                status=429, code="rate_limit",
            )  # fmt: skip
        self._recent.append(now)

    async def _unknown(self, request: Request) -> Response:
        path = request.url.path.removeprefix(f"/{self.name}")
        message = f"Unrecognized request URL ({request.method}: {path})."
        return StripeError(message, status=404).response()


def _parameters(request: Request, raw: bytes) -> JsonObject:
    """The query of a GET or DELETE and the body: a form, or JSON in version 2."""
    asked = decoded(request.url.query)
    if not raw:
        return asked
    if "json" not in request.headers.get("content-type", ""):
        return asked | decoded(raw)
    try:
        return asked | json_object(raw)
    except NotJson as error:
        raise StripeError(str(error)) from error


def _after_the_answer(work: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(work)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/stripe"

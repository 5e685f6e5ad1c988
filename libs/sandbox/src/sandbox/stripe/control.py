"""What tests and the demo do to Stripe from outside, under /_sandbox/stripe: be the person on its pages, turn its clock, steer its webhooks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.stripe import checkout, portal
from sandbox.stripe.deliveries import Manner
from sandbox.stripe.errors import StripeError
from sandbox.stripe.rendering import rendered
from sandbox.stripe.state import Json
from sandbox.wire import JsonObject, NotJson, as_int, as_number, as_text, json_object

if TYPE_CHECKING:
    from sandbox.stripe.routes import Stripe

_ORDERS = ("given", "reversed", "dropped")


class StripeControl:
    """The control plane's part that is only Stripe's."""

    def __init__(self, stripe: Stripe) -> None:
        self._stripe = stripe

    def routes(self) -> list[BaseRoute]:
        """The routes, relative to /_sandbox/stripe."""
        return [
            self._post("/checkout/{id}/complete", self._complete),
            self._post("/checkout/{id}/expire", self._expire),
            self._post("/portal/{id}", self._act_in_portal),
            self._post("/clock", self._turn_clock),
            self._post("/webhooks", self._set_manner),
            self._post("/webhooks/release", self._release),
            self._post("/webhooks/again", self._again),
            Route("/webhooks", self._deliveries, methods=["GET"]),
        ]

    def _post(self, path: str, handler: Callable[[str, JsonObject], Json]) -> Route:
        async def endpoint(request: Request) -> Response:
            self._stripe.account.tick()
            raw = await request.body()
            try:
                answer = handler(str(request.path_params.get("id", "")), json_object(raw) if raw else {})
            except NotJson as error:
                return JSONResponse({"error": str(error)}, 400)
            except StripeError as refused:
                return refused.response()
            return JSONResponse(rendered(self._stripe.account, answer, []))

        answering: Callable[[Request], Awaitable[Response]] = endpoint
        return Route(path, answering, methods=["POST"])

    def _complete(self, session: str, wish: JsonObject) -> Json:
        """The person paid: `{payment_method?, email?, name?}`."""
        card = as_text(wish.get("payment_method"), "pm_card_visa")
        email, name = (as_text(wish.get(field)) or None for field in ("email", "name"))
        return checkout.completed(self._stripe.account, session, card, email, name)

    def _expire(self, session: str, _wish: JsonObject) -> Json:
        return checkout.expired(self._stripe.account, session)

    def _act_in_portal(self, session: str, wish: JsonObject) -> Json:
        """The person did something in the portal: `{action, …}`, see portal.py."""
        return portal.acted(self._stripe.account, session, wish)

    def _turn_clock(self, _id: str, wish: JsonObject) -> Json:
        """Let the account's own time go on: `{advance_seconds}` or `{to}`."""
        account = self._stripe.account
        seconds = as_int(wish.get("advance_seconds"))
        if "to" in wish:
            seconds = as_int(wish["to"]) - account.own_clock.now
        account.clock_offset += max(seconds, 0)
        account.tick()
        return {"now": account.own_clock.now}

    def _set_manner(self, _id: str, wish: JsonObject) -> Json:
        """How events are delivered from now on: `{held?, twice?, delay_seconds?, api_version?}`; what is not named is as usual."""
        self._stripe.courier.manner = Manner(
            held=wish.get("held") is True,
            twice=wish.get("twice") is True,
            delay_seconds=as_number(wish.get("delay_seconds")),
            api_version=as_text(wish.get("api_version")) or None,
        )
        return dict(wish)

    def _release(self, _id: str, wish: JsonObject) -> Json:
        """Send what was held: `{order: given | reversed | dropped}`."""
        order = as_text(wish.get("order"), "given")
        if order not in _ORDERS:
            raise StripeError(f"Unknown order {order!r}; there are {', '.join(_ORDERS)}.")
        return {"released": self._stripe.courier.release(order)}

    def _again(self, _id: str, wish: JsonObject) -> Json:
        """Send an event once more: `{event}`."""
        return {"sent": self._stripe.courier.again(as_text(wish.get("event")))}

    async def _deliveries(self, _request: Request) -> Response:
        """Every delivery with its attempts and answers, oldest first."""
        return JSONResponse({"deliveries": [d.as_json() for d in self._stripe.courier.deliveries]})

"""The pages that a person sees at Stripe, in their plainest form: pay or leave, and the billing portal."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from html import escape
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.stripe import checkout, portal
from sandbox.stripe.encoding import decoded
from sandbox.stripe.errors import StripeError
from sandbox.stripe.lines import money
from sandbox.stripe.payment_methods import CARDS
from sandbox.stripe.state import Account
from sandbox.wire import as_text

if TYPE_CHECKING:
    from sandbox.stripe.routes import Stripe

_FRAME = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox: {title}</title><h1>{title}</h1>{body}</html>'
_SEE_OTHER = 303


class Pages:
    """Checkout and portal, as the addresses in their sessions say."""

    def __init__(self, stripe: Stripe) -> None:
        self._stripe = stripe

    def routes(self) -> list[BaseRoute]:
        """The two pages, to see and to send."""
        return [
            Route("/c/pay/{id}", self._page(_show_checkout), methods=["GET"]),
            Route("/c/pay/{id}", self._page(_pay), methods=["POST"]),
            Route("/p/session/{id}", self._page(_show_portal), methods=["GET"]),
            Route("/p/session/{id}", self._page(_act), methods=["POST"]),
        ]

    def _page(
        self, page: Callable[[Account, str, dict[str, object]], Response]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            self._stripe.account.tick()
            form = decoded(await request.body())
            try:
                return page(self._stripe.account, str(request.path_params["id"]), form)
            except StripeError as refused:
                return HTMLResponse(
                    _framed("This did not work", f"<p role=alert>{escape(str(refused))}</p>"), refused.status
                )

        return endpoint


def _show_checkout(account: Account, session_id: str, _form: dict[str, object]) -> Response:
    record = account.get("checkout.session", session_id)
    items = "".join(
        f"<li>{escape(item['description'])}: {money(item['amount_total'], item['currency'])}</li>"
        for item in record["_line_items"]
    )
    known = record["customer_email"] or (record["customer_details"] or {}).get("email")
    email = "" if known else "<label>E-mail <input name=email type=email required></label>"
    form = f"<form method=post>{email}{_cards()}<button name=action value=pay>Subscribe</button></form>"
    back = f'<p><a href="{escape(record["cancel_url"])}">Back</a></p>' if record["cancel_url"] else ""
    return HTMLResponse(_framed("Subscribe", f"<ul>{items}</ul>{form}{back}"))


def _pay(account: Account, session_id: str, form: dict[str, object]) -> Response:
    card = as_text(form.get("payment_method"), "pm_card_visa")
    record = checkout.completed(account, session_id, card, as_text(form.get("email")) or None)
    target = record["success_url"].replace("{CHECKOUT_SESSION_ID}", record["id"])
    return RedirectResponse(target, _SEE_OTHER)


def _show_portal(account: Account, session_id: str, _form: dict[str, object]) -> Response:
    session = account.get("billing_portal.session", session_id)
    own = [s for s in account.all("subscription") if s["customer"] == session["customer"]]
    rows = "".join(
        f"<li>{escape(s['items']['data'][0]['price']['id'])}: {escape(s['status'])}</li>" for s in own
    )
    buttons = "".join(
        f"<button name=action value={action}>{words}</button>"
        for action, words in (
            ("cancel", "Cancel"),
            ("resume", "Do not cancel"),
            ("new_card", "Use this card"),
            ("pay", "Pay what is open"),
        )
    )
    return HTMLResponse(_framed("Billing", f"<ul>{rows}</ul><form method=post>{_cards()}{buttons}</form>"))


def _act(account: Account, session_id: str, form: dict[str, object]) -> Response:
    portal.acted(account, session_id, form)
    session = account.get("billing_portal.session", session_id)
    return RedirectResponse(session["return_url"] or session["url"], _SEE_OTHER)


def _cards() -> str:
    options = "".join(f"<option>{name}</option>" for name in CARDS)
    return f"<label>Card <select name=payment_method>{options}</select></label>"


def _framed(title: str, body: str) -> str:
    return _FRAME.format(title=escape(title), body=body)

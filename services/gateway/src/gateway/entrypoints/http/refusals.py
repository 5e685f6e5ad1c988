"""What the API answers instead of a service: each refusal with its status, in words for people (RFC 9457)."""

from __future__ import annotations

from collections.abc import Callable

from chassis.http import Problem
from gateway.application.api_ports import CannotPassOn, UpstreamDown, UpstreamSlow
from gateway.application.authenticate import NotAuthenticated
from gateway.application.hold_access import AccessUnknown
from gateway.application.hold_routes import NoSuchMethod, NoSuchPath, RoutesUnread
from gateway.application.limit_requests import TooManyRequests
from gateway.application.ports import TenantSuspended
from gateway.application.serve_request import LicenceSuspended, MissingScope, NoTenant, OtherTenant
from gateway.domain.languages import Language
from gateway.entrypoints.http.bodies import COME_AGAIN, too_many

PAY_AT = "/api/v1/billing/invoices"
_UNLICENSED: dict[Language, tuple[str, str]] = {
    "de": (
        "Lizenz ruht: bitte bezahlen",
        "Die Lizenz Ihres Unternehmens ruht, weil etwas nicht bezahlt oder kein Tarif gewählt ist. Was offen ist, zeigt "
        f"GET {PAY_AT}; die Seite zum Bezahlen öffnet POST /api/v1/billing/portal, einen Tarif kauft man über "
        "POST /api/v1/billing/checkout. Danach geht es von selbst weiter; verloren geht nichts.",
    ),
    "en": (
        "Licence suspended: pay here",
        "Your company's licence is suspended, because something is unpaid or no plan was chosen. "
        f"GET {PAY_AT} shows what is open; POST /api/v1/billing/portal opens the page to pay on, "
        "POST /api/v1/billing/checkout the one to buy a plan. Then it goes on by itself; nothing is lost.",
    ),
}


def refusal(error: Exception) -> tuple[str, Problem] | None:
    """The reason in one word, for those who count, and the answer; None when the error is no refusal."""
    for kind, (reason, make) in _REFUSALS.items():
        if isinstance(error, kind):
            return reason, make(error)
    return None


def _not_authenticated(error: Exception) -> Problem:
    assert isinstance(error, NotAuthenticated)
    challenge = 'Bearer realm="frontdesk"'
    if error.shown:
        challenge += f', error="invalid_token", error_description="{_quotable(str(error))}"'
    return Problem(401, "Unauthorized", str(error), headers={"WWW-Authenticate": challenge})


def _missing_scope(error: Exception) -> Problem:
    assert isinstance(error, MissingScope)
    challenge = f'Bearer realm="frontdesk", error="insufficient_scope", scope="{" ".join(error.scopes)}"'
    return Problem(403, "Forbidden", str(error), headers={"WWW-Authenticate": challenge})


def _licence_suspended(error: Exception) -> Problem:
    """402 and not 403: whoever asks can mend it himself, and tells it from a ban by the status alone."""
    assert isinstance(error, LicenceSuspended)
    title, words = _UNLICENSED[error.language]
    headers = {"Content-Language": error.language, "Link": f'<{PAY_AT}>; rel="payment"'}
    return Problem(402, title, words, headers=headers)


def _no_such_method(error: Exception) -> Problem:
    assert isinstance(error, NoSuchMethod)
    return Problem(405, "Method Not Allowed", str(error), headers={"Allow": ", ".join(error.allowed)})


def _too_many(error: Exception) -> Problem:
    assert isinstance(error, TooManyRequests)
    return too_many(error)


def _plain(status: int, title: str, headers: dict[str, str] | None = None) -> Callable[[Exception], Problem]:
    return lambda error: Problem(status, title, str(error), headers=headers)


def _quotable(words: str) -> str:
    """For a quoted string of a header: printable ASCII without quotes."""
    return "".join(letter if " " <= letter <= "~" and letter not in '"\\' else "'" for letter in words)


_REFUSALS: dict[type[Exception], tuple[str, Callable[[Exception], Problem]]] = {
    NotAuthenticated: ("credential", _not_authenticated),
    TenantSuspended: ("suspended", _plain(403, "Tenant suspended")),
    LicenceSuspended: ("licence", _licence_suspended),
    OtherTenant: ("tenant", _plain(403, "Forbidden")),
    NoTenant: ("tenant", _plain(400, "No tenant")),
    MissingScope: ("scope", _missing_scope),
    AccessUnknown: ("access unknown", _plain(503, "Access unknown for now", COME_AGAIN)),
    NoSuchPath: ("path", _plain(404, "Not found")),
    NoSuchMethod: ("method", _no_such_method),
    RoutesUnread: ("routes unread", _plain(503, "Routes unknown for now", COME_AGAIN)),
    TooManyRequests: ("limit", _too_many),
    CannotPassOn: ("header", _plain(400, "Invalid header")),
    UpstreamDown: ("service down", _plain(502, "Service unreachable")),
    UpstreamSlow: ("service slow", _plain(504, "Service too slow")),
}

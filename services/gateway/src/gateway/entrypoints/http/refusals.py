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
from gateway.application.serve_request import MissingScope, NoTenant, OtherTenant
from gateway.entrypoints.http.bodies import COME_AGAIN, too_many


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

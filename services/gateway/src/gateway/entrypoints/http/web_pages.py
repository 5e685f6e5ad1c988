"""Which web pages may ask the API from a browser (CORS): those that stand in the list, exactly."""

from __future__ import annotations

from collections.abc import Collection

from starlette.requests import Request
from starlette.responses import Response

from chassis.http import Problem
from gateway.domain.headers import Header

_MAY_SEND = "Authorization, X-API-Key, X-Tenant-Id, X-Request-Id, Content-Type, If-Match, If-None-Match, Accept-Language, Cache-Control"
_MAY_READ = "ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id, Link, Deprecation, Location, WWW-Authenticate"
_REMEMBER_SECONDS = "600"


class WebPages:
    """The allow-list. Cookies are no credential here, so that none are allowed across origins."""

    def __init__(self, origins: Collection[str]) -> None:
        self._origins = frozenset(origins)

    def use(self, origins: Collection[str]) -> None:
        """Another list."""
        self._origins = frozenset(origins)

    def headers_for(self, origin: str | None) -> list[Header]:
        """What lets a listed page read an answer."""
        if origin is None or origin not in self._origins:
            return []
        return [
            (b"access-control-allow-origin", origin.encode("latin-1")),
            (b"access-control-expose-headers", _MAY_READ.encode()),
        ]

    def asks_first(self, request: Request) -> bool:
        """Whether this is a browser's question before the request itself."""
        return request.method == "OPTIONS" and "access-control-request-method" in request.headers

    def preflight(self, request: Request, allowed: Collection[str]) -> Response:
        """The answer to that question. Raises `Problem` 403."""
        if request.headers.get("origin") not in self._origins:
            raise Problem(403, "Forbidden", "no web page of this origin may ask: see GATEWAY_CORS_ORIGINS")
        headers = {
            "Access-Control-Allow-Methods": ", ".join(sorted(allowed)),
            "Access-Control-Allow-Headers": _MAY_SEND,
            "Access-Control-Max-Age": _REMEMBER_SECONDS,
        }
        return Response(status_code=204, headers=headers)

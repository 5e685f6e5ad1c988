"""Hooks that browsers post to (CORS, as the Fetch standard has it): which pages may, and what they may read of the answer."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.tenants.hooks import WidgetSettings
from gateway.application.hold_hooks import HeldHooks, RegistryUnread

_PREFLIGHT_SECONDS = "600"
_ALLOWED_HEADERS = "content-type, x-frontdesk-key, x-frontdesk-captcha"


class ForBrowsers:
    """Puts the answer's headers for browsers, problems' too, and answers preflights; others' requests pass untouched."""

    def __init__(self, app: ASGIApp, hooks: HeldHooks) -> None:
        self._app = app
        self._hooks = hooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        for name, origin in scope["headers"]:
            if name == b"origin" and await self._may(scope, origin):
                await self._serve(origin.decode("latin-1"), scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _serve(self, page: str, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Access-Control-Allow-Origin"] = page
                headers.add_vary_header("Origin")
            await send(message)

        if scope["method"] == "OPTIONS":
            await _preflight()(scope, receive, with_headers)
        else:
            await self._app(scope, receive, with_headers)

    async def _may(self, scope: Scope, origin: bytes) -> bool:
        place: dict[str, str] = scope["path_params"]
        try:
            hook = await self._hooks.find_or_read(place["source"], place["hook_id"])
        except RegistryUnread:
            return False
        settings = hook.settings if hook is not None else None
        return isinstance(settings, WidgetSettings) and origin.decode("latin-1") in settings.allowed_origins


def _preflight() -> Response:
    return Response(
        status_code=204,
        headers={
            "Access-Control-Allow-Methods": "POST",
            "Access-Control-Allow-Headers": _ALLOWED_HEADERS,
            "Access-Control-Max-Age": _PREFLIGHT_SECONDS,
        },
    )

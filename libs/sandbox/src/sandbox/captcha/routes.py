"""`siteverify`, as Cloudflare Turnstile and hCaptcha both have it."""

from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.wire import JsonObject, as_texts

_SOLVED = "solved-"


class Captcha:
    """A captcha's server: a token that begins with `solved-` is good, once."""

    name = "captcha"

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._used: list[str] = []

    def routes(self) -> list[BaseRoute]:
        """The one route."""
        return [Route("/siteverify", self._verify, methods=["POST"])]

    async def _verify(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        secret, token = (form.get(name, [""])[0] for name in ("secret", "response"))
        if not secret or (self._secrets and secret not in self._secrets):
            return _no("missing-input-secret" if not secret else "invalid-input-secret")
        if not token:
            return _no("missing-input-response")
        if token in self._used:
            return _no("timeout-or-duplicate")
        if not token.startswith(_SOLVED):
            return _no("invalid-input-response")
        self._used.append(token)
        return JSONResponse({"success": True, "error-codes": [], "hostname": "www.muster.test"})

    def reset(self) -> None:
        """Forget secrets and used tokens."""
        self._secrets.clear()
        self._used.clear()

    def seed(self, data: JsonObject) -> None:
        """`secrets`: then only these are known."""
        self._secrets |= set(as_texts(data.get("secrets")))

    def snapshot(self) -> JsonObject:
        """The tokens that were used."""
        return {"used": list(self._used)}

    def failure(self, status: int, retry_after: float | None) -> Response:
        """An error of the server."""
        headers = {"Retry-After": f"{retry_after:g}"} if retry_after is not None else None
        return JSONResponse({"success": False, "error-codes": ["internal-error"]}, status, headers)

    def dump(self) -> JsonObject:
        """Nothing is kept over a restart."""
        return {}

    def load(self, data: JsonObject) -> None:
        """Nothing is kept over a restart."""


def _no(code: str) -> Response:
    return JSONResponse({"success": False, "error-codes": [code]})

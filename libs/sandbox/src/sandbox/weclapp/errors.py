"""weclapp's errors: RFC 7807 bodies whose type ends in a telling word."""

from collections.abc import Sequence

from starlette.responses import JSONResponse, Response

from sandbox.weclapp.rules import Flaw
from sandbox.wire import JsonObject

_TYPES = "/webapp/view/api/errors.html#!/errors/"


def problem(
    status: int,
    kind: str,
    title: str,
    detail: str,
    *,
    flaws: Sequence[Flaw] = (),
    retry_after: float | None = None,
) -> Response:
    """An error answer in weclapp's form."""
    body: JsonObject = {"type": _TYPES + kind, "title": title, "status": status, "detail": detail}
    if flaws:
        body["validationErrors"] = [_validation_error(flaw) for flaw in flaws]
    body |= {"error": title, "messages": [{"severity": "ERROR", "message": detail}]}
    headers = {"Retry-After": f"{retry_after:g}"} if retry_after is not None else None
    return JSONResponse(body, status_code=status, headers=headers)


def _validation_error(flaw: Flaw) -> JsonObject:
    body: JsonObject = {
        "type": f"/webapp/view/api/errors.html#!/validation/{flaw.kind}",
        "title": flaw.kind.replace("_", " "),
        "detail": flaw.detail,
        "location": flaw.location,
        "errorCode": flaw.kind.upper(),
    }
    return body | ({"allowed": list(flaw.allowed)} if flaw.allowed else {})

"""Gemini's errors."""

from starlette.responses import JSONResponse, Response

from sandbox.wire import JsonObject

_STATUSES = {
    400: "INVALID_ARGUMENT",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class GeminiError(Exception):
    """An error that Gemini answers with."""

    def __init__(self, code: int, message: str, *, reason: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.reason = code, message, reason


def error_answer(error: GeminiError, retry_after: float | None = None) -> Response:
    """An error in Gemini's form."""
    body: JsonObject = {
        "code": error.code,
        "message": error.message,
        "status": _STATUSES.get(error.code, "UNKNOWN"),
    }
    details: list[JsonObject] = []
    if error.reason is not None:
        details.append(
            {
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": error.reason,
                "domain": "googleapis.com",
            }
        )
    if retry_after is not None:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        details.append({"@type": kind, "retryDelay": f"{retry_after:g}s"})
    if details:
        body["details"] = details
    return JSONResponse({"error": body}, status_code=error.code)

"""OpenAI's errors."""

from starlette.responses import JSONResponse, Response


class OpenAIError(Exception):
    """An error that OpenAI answers with."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param = status, message, code, param


def error_answer(error: OpenAIError, retry_after: float | None = None) -> Response:
    """An error in OpenAI's form."""
    kind = {401: "authentication_error", 429: "rate_limit_error"}.get(error.status, "invalid_request_error")
    if error.status >= 500:
        kind = "server_error"
    body = {"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}}
    headers = {"retry-after": f"{retry_after:g}"} if retry_after is not None else None
    return JSONResponse(body, status_code=error.status, headers=headers)

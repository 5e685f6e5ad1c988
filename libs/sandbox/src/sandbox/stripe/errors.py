"""Stripe's errors: `{"error": {type, code, param, message, doc_url}}` with the status that the SDK maps to its exceptions."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from sandbox.wire import JsonObject

_DOCUMENTATION = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """A request that Stripe refuses."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        **more: object,
    ) -> None:
        super().__init__(message)
        self.status = status
        self._fields: JsonObject = {"type": kind, "message": message, **more}
        if code is not None:
            self._fields |= {"code": code, "doc_url": _DOCUMENTATION + code.replace("_", "-")}
        if param is not None:
            self._fields["param"] = param

    def body(self) -> JsonObject:
        """The answer's body."""
        return {"error": self._fields}

    def response(self) -> Response:
        """The whole answer."""
        return JSONResponse(self.body(), self.status)


def missing_resource(what: str, object_id: str, param: str = "id") -> StripeError:
    """404: there is no object of this id (a request that names it in a field gets 400 in Stripe, too, as here with `param`)."""
    status = 404 if param == "id" else 400
    return StripeError(f"No such {what}: '{object_id}'", status=status, code="resource_missing", param=param)


def missing_parameter(param: str) -> StripeError:
    """400: a parameter that must be there."""
    return StripeError(f"Missing required param: {param}.", code="parameter_missing", param=param)


def unknown_parameter(param: str) -> StripeError:
    """400: a parameter that this call does not have."""
    return StripeError(f"Received unknown parameter: {param}", code="parameter_unknown", param=param)


def invalid(message: str, param: str, code: str | None = None) -> StripeError:
    """400: a value that this parameter cannot have."""
    return StripeError(message, code=code, param=param)


def not_authorised(key: str) -> StripeError:
    """401: no key, or one that is not known."""
    if not key:
        message = "You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
    else:
        message = f"Invalid API Key provided: {key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}"
    return StripeError(message, status=401)


def declined(code: str, message: str, decline_code: str | None) -> StripeError:
    """402: the card said no."""
    return StripeError(message, status=402, kind="card_error", code=code, decline_code=decline_code)


def failure(status: int, retry_after: float | None) -> Response:
    """What Stripe says when it is asked too often, or does not work."""
    if status == 429:
        error = StripeError(
            "Too many requests hit the API too quickly. We recommend an exponential backoff of your requests.",
            status=429,
            code="rate_limit",
        )
    else:
        error = StripeError("An unknown error occurred", status=status, kind="api_error")
    answer = error.response()
    if retry_after is not None:
        answer.headers["Retry-After"] = f"{retry_after:g}"
    return answer

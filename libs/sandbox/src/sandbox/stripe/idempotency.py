"""Idempotency keys: the first answer again for the same request, a complaint for another one."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.responses import Response

from sandbox.stripe.errors import StripeError

_KEPT_SECONDS = 86400
_LONGEST = 255


@dataclass
class _Held:
    """A request that was made under a key; without an answer it is still being worked on."""

    request: tuple[str, str, bytes]
    at: float
    answer: Response | None = None


@dataclass
class Keys:
    """The keys of the last day."""

    _held: dict[tuple[str, str], _Held] = field(default_factory=dict[tuple[str, str], _Held])

    def begin(self, owner: str, key: str, request: tuple[str, str, bytes], now: float) -> Response | None:
        """Take a key for a request; gives the answer that it already has.

        `owner` is the API key, `request` method, path and body. Raises 400 when another request had the key,
        409 while the first one is still being worked on.
        """
        if len(key) > _LONGEST:
            raise StripeError(
                f"Idempotency keys have at most {_LONGEST} characters.", kind="idempotency_error"
            )
        held = self._held.get((owner, key))
        if held is None or now - held.at > _KEPT_SECONDS:
            self._held[owner, key] = _Held(request, now)
            return None
        if held.request != request:
            raise StripeError(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request.",
                kind="idempotency_error",
            )
        if held.answer is None:
            raise StripeError(
                "There is currently another in-progress request using this Idempotent Key. Please try again later.",
                status=409,
                kind="idempotency_error",
                code="idempotency_key_in_use",
            )
        return held.answer

    def finish(self, owner: str, key: str, answer: Response | None) -> None:
        """Keep the answer; None (the request was never begun: wrong parameters, too many) frees the key."""
        if answer is None:
            self._held.pop((owner, key), None)
        else:
            self._held[owner, key].answer = answer

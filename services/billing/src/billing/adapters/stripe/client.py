"""Stripe's SDK: one client, its own retries off, its errors turned into vendorkit's five.

The asynchronous half of the SDK over httpx: a thread per request would be one for every record of use.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, cast

import stripe

from vendorkit import VendorContractBroken, VendorError, VendorUnavailable, refusal

VENDOR, CREDENTIAL = "stripe", "BILLING_STRIPE_KEY"
Json = dict[str, Any]  # pyright: ignore[reportExplicitAny] — as Stripe has it; mapping.py knows the forms


def stripe_client(key: str, url: str, *, seconds: float) -> stripe.StripeClient:
    """A client of Stripe, or of whoever answers at `url`. Delivery retries, not the SDK."""
    return stripe.StripeClient(
        key,
        base_addresses={"api": url, "files": url, "connect": url, "meter_events": url},
        max_network_retries=0,
        http_client=stripe.HTTPXClient(timeout=seconds),
    )


async def asked(question: Awaitable[object]) -> Json:
    """What Stripe answers, as plain JSON. Raises the five errors."""
    try:
        answer = await question
    except stripe.StripeError as error:
        raise failure(error) from error
    if not isinstance(answer, stripe.StripeObject):
        raise VendorContractBroken("Stripe's answer is no object", vendor=VENDOR)
    return answer.to_dict()


async def asked_for(question: Awaitable[object]) -> Json | None:
    """The same; None where Stripe has no such object."""
    try:
        answer = await question
    except stripe.StripeError as error:
        if error.http_status == 404:
            return None
        raise failure(error) from error
    return cast(stripe.StripeObject, answer).to_dict()


def failure(error: stripe.StripeError) -> VendorError:
    """What a failure of the SDK's means to us."""
    if isinstance(error, stripe.APIConnectionError) or error.http_status is None:
        # The request may have arrived: effects are asked again under the same idempotency key.
        return VendorUnavailable(
            f"Stripe does not answer ({type(error).__name__})", vendor=VENDOR, ambiguous=True
        )
    headers = cast("Mapping[str, str]", error.headers or {})
    status = 429 if error.code in {"rate_limit", "lock_timeout"} else error.http_status
    if status == 409:
        return VendorUnavailable("Stripe is still busy with the same request", vendor=VENDOR, ambiguous=True)
    if status in {401, 403}:
        # The key is the operator's, no tenant can renew it: what waits goes on when it is set.
        words = f"Stripe refuses the fleet's key (HTTP {status}): set {CREDENTIAL} to one that is valid"
        return VendorUnavailable(words, vendor=VENDOR, ambiguous=False, after=300)
    return refusal(
        status, dict(headers), str(error.user_message or error), vendor=VENDOR, credential=CREDENTIAL
    )


def says_known(error: stripe.StripeError) -> bool:
    """Whether a meter event was refused because the meter has it already."""
    return error.http_status == 400 and "already exists with identifier" in str(error.user_message or error)

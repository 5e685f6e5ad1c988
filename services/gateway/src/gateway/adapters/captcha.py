"""Captchas by `siteverify`, as Cloudflare Turnstile and hCaptcha both have it: a form with secret and response, JSON back."""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from gateway.application.ports import CannotVerify
from vendorkit import AddressRefused

ADDRESSES = {
    "turnstile": "https://challenges.cloudflare.com/turnstile/v0/siteverify",
    "hcaptcha": "https://api.hcaptcha.com/siteverify",
}
MOST_BYTES = 64 * 1024
_log = structlog.get_logger("gateway.captcha")


class _Answer(BaseModel):
    success: bool


class SiteVerify:
    """The port `Captcha`. The visitor's address is not sent along."""

    def __init__(self, http: httpx.AsyncClient, addresses: Mapping[str, str]) -> None:
        self._http = http
        self._addresses = {**ADDRESSES, **addresses}

    async def passed(self, provider: str, secret: str, token: str) -> bool:
        """Whether the token is good; each is good once. Raises `CannotVerify`."""
        form = {"secret": secret, "response": token}
        try:
            answer = await self._http.post(self._addresses[provider], data=form)
            answer.raise_for_status()
            return _Answer.model_validate_json(answer.content[:MOST_BYTES]).success
        except (httpx.HTTPError, AddressRefused, ValidationError) as error:
            _log.warning("a captcha was not checked", provider=provider, error=type(error).__name__)
            raise CannotVerify(f"{provider} does not say whether the captcha is solved") from error

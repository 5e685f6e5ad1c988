"""The services whose answer a sender waits for, at `/internal/webhooks/{source}`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

import httpx
import structlog
from prometheus_client import CollectorRegistry, Counter
from pydantic import SecretStr

from chassis.clients import service_client
from gateway.adapters.signatures import latin
from gateway.application.answer_webhook import MOST_BYTES
from gateway.application.ports import Incoming, Reply
from gateway.domain.hook import Hook

_log = structlog.get_logger("gateway.answers")


class SafeAnswers:
    """Counts, for Prometheus, how often a sender was given a safe answer because a service had none in time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._given = Counter(
            "frontdesk_gateway_safe_answers_total",
            "Senders that waited for an answer and got a safe one, by the service that had none in time.",
            ("service",),
            registry=registry,
        )

    def count(self, service: str) -> None:
        """One more."""
        self._given.labels(service).inc()


class HttpAnswers:
    """The port `AskedServices`: the body as it came, with the service token, tenant, hook and the webhook's id."""

    def __init__(self, urls: Mapping[str, str], service_token: SecretStr, *, connect_seconds: float) -> None:
        self._urls = urls
        self._http = service_client(
            service_token,
            # How long an answer may take is the use case's to say, for each sender.
            timeout=httpx.Timeout(None, connect=connect_seconds),
            headers={"Accept-Encoding": "identity"},
        )

    async def ask(self, service: str, hook: Hook, incoming: Incoming, webhook_id: str) -> Reply | None:
        """The service's answer; None when it has none, or none that can be used."""
        # What stands in the address for the gateway alone goes no further.
        query = [field for field in parse_qsl(incoming.query.decode("latin-1"), True) if field[0] != "token"]
        url = f"{self._urls[service]}/internal/webhooks/{hook.source}" + (
            f"?{urlencode(query)}" if query else ""
        )
        content_type = next(iter(incoming.headers.getlist("content-type")), "application/octet-stream")
        headers = {
            b"X-Tenant-Id": latin(hook.tenant_id),
            b"X-Hook-Id": latin(hook.hook_id),
            b"X-Webhook-Id": latin(webhook_id),
            b"Content-Type": latin(content_type),
        }
        try:
            async with self._http.stream("POST", url, headers=headers, content=incoming.body) as answer:
                if answer.status_code != 200:
                    return self._none(service, hook, f"it answered {answer.status_code}")
                content = bytearray()
                async for chunk in answer.aiter_raw():
                    content += chunk
                    if len(content) > MOST_BYTES:
                        return self._none(service, hook, "its answer is too long")
        except asyncio.CancelledError:
            self._none(service, hook, "it was late")
            raise
        except httpx.HTTPError as error:
            return self._none(service, hook, f"it cannot be reached ({type(error).__name__})")
        return Reply(bytes(content), answer.headers.get("content-type", ""), answer.status_code)

    def _none(self, service: str, hook: Hook, words: str) -> None:
        _log.warning(
            "a sender gets a safe answer, for the service has none", service=service, hook=hook.hook_id, reason=words
        )  # fmt: skip

"""The composition root: what the gateway is made of."""

from __future__ import annotations

import httpx

from chassis import Service
from chassis.keyring import KeyRing
from gateway.adapters.answering import HttpAnswers
from gateway.adapters.captcha import SiteVerify
from gateway.adapters.intake import DurableIntake
from gateway.adapters.outside import HttpOutside
from gateway.adapters.snapshot import SealedSnapshot
from gateway.adapters.tenancy import TenancyHooks
from gateway.adapters.upstreams import HttpUpstreams
from gateway.adapters.verifiers import respondents, verifiers
from gateway.application.accept_webhook import AcceptWebhook
from gateway.application.answer_webhook import AnswerWebhook
from gateway.application.forward_request import ForwardRequest
from gateway.application.hold_hooks import HeldHooks
from gateway.entrypoints import events
from gateway.entrypoints.http import api, webhooks
from gateway.entrypoints.http.bodies import Limits
from gateway.settings import Settings


def create_service(settings: Settings | None = None) -> Service:
    """The gateway, ready to run."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — read from the environment
    service = Service("gateway", settings)
    hooks = HeldHooks(
        TenancyHooks(settings.tenancy_url, settings.service_token),
        SealedSnapshot(settings.snapshot_path, KeyRing.from_secret(settings.master_key)),
    )
    accept, answer = _webhooks(service, settings)
    upstreams = HttpUpstreams(
        settings.upstreams,
        seconds=settings.upstream_seconds,
        connect_seconds=settings.upstream_connect_seconds,
    )
    limits = Limits(settings.body_limit, settings.body_idle_seconds, settings.body_budget)
    tokens = (settings.service_token, settings.admin_token)
    service.mounts(
        [
            webhooks.webhook_route(hooks, accept, answer, limits),
            *api.api_routes(ForwardRequest(upstreams), limits, tokens),
        ]
    )
    service.hears(events.router(hooks))
    service.runs("hooks", hooks.run)
    service.notes(hooks.notes)
    service.when_reconnected(hooks.forget_age)
    return service


def _webhooks(service: Service, settings: Settings) -> tuple[AcceptWebhook, AnswerWebhook]:
    """Who signs how, and who answers those that wait for it."""
    outside = httpx.AsyncClient(timeout=5.0, trust_env=False)
    known = verifiers(
        settings.public_url,
        HttpOutside(outside, settings.sns_stand_in),
        SiteVerify(outside, settings.captcha_urls),
    )
    answers = HttpAnswers(
        settings.answering, settings.service_token, connect_seconds=settings.upstream_connect_seconds
    )
    return (
        AcceptWebhook(known, DurableIntake(service.intake, service.blobs)),
        AnswerWebhook(respondents(settings.public_url), answers),
    )

"""The composition root: what the gateway is made of."""

from __future__ import annotations

from chassis import Service
from chassis.keyring import KeyRing
from gateway.adapters.intake import DurableIntake
from gateway.adapters.snapshot import SealedSnapshot
from gateway.adapters.tenancy import TenancyHooks
from gateway.adapters.upstreams import HttpUpstreams
from gateway.adapters.verifiers import VERIFIERS
from gateway.application.accept_webhook import AcceptWebhook
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
    accept = AcceptWebhook(VERIFIERS, DurableIntake(service.intake, service.blobs))
    upstreams = HttpUpstreams(
        settings.upstreams,
        seconds=settings.upstream_seconds,
        connect_seconds=settings.upstream_connect_seconds,
    )
    limits = Limits(settings.body_limit, settings.body_idle_seconds, settings.body_budget)
    tokens = (settings.service_token, settings.admin_token)
    service.mounts(
        [
            webhooks.webhook_route(hooks, accept, limits),
            *api.api_routes(ForwardRequest(upstreams), limits, tokens),
        ]
    )
    service.hears(events.router(hooks))
    service.runs("hooks", hooks.run)
    service.notes(hooks.notes)
    service.when_reconnected(hooks.forget_age)
    return service

"""The composition root: what the gateway is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
from pydantic import SecretStr
from starlette.routing import Route

from chassis import Service
from chassis.keyring import KeyRing
from gateway.adapters.access import TenancyAccess
from gateway.adapters.access_tokens import SignedTokens
from gateway.adapters.answering import HttpAnswers, SafeAnswers
from gateway.adapters.captcha import SiteVerify
from gateway.adapters.configuration_file import ConfigurationFile
from gateway.adapters.counts import Counts
from gateway.adapters.descriptions import OpenApiDescriptions
from gateway.adapters.intake import DurableIntake
from gateway.adapters.kept import SealedAccess, SealedDocuments
from gateway.adapters.outside import HttpOutside
from gateway.adapters.page_assets import page_assets
from gateway.adapters.rate_limits import SlidingWindows
from gateway.adapters.sealed_file import SealedFile
from gateway.adapters.snapshot import SealedSnapshot
from gateway.adapters.tenancy import TenancyHooks
from gateway.adapters.upstreams import HttpUpstreams, Patience
from gateway.adapters.verifiers import respondents, verifiers
from gateway.application.accept_webhook import AcceptWebhook
from gateway.application.answer_webhook import AnswerWebhook
from gateway.application.authenticate import Authenticate, FleetToken
from gateway.application.describe_api import DescribeApi
from gateway.application.forward_request import ForwardRequest
from gateway.application.hold_access import HeldAccess
from gateway.application.hold_hooks import HeldHooks
from gateway.application.hold_keys import HeldKeys
from gateway.application.hold_routes import HeldRoutes
from gateway.application.keep_answers import KeptAnswers
from gateway.application.limit_requests import LimitRequests
from gateway.application.serve_request import ServeRequest
from gateway.domain.configuration import Configuration
from gateway.entrypoints import events
from gateway.entrypoints.http import webhooks
from gateway.entrypoints.http.api import api_route
from gateway.entrypoints.http.bodies import Limits
from gateway.entrypoints.http.documents import document_routes
from gateway.entrypoints.http.web_pages import WebPages
from gateway.settings import Settings
from vendorkit import Guard, outward_http_client


def create_service(settings: Settings | None = None) -> Service:
    """The gateway, ready to run."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — read from the environment
    service = Service("gateway", settings)
    hooks = HeldHooks(
        TenancyHooks(settings.tenancy_url, settings.service_token),
        SealedSnapshot(settings.snapshot_path, KeyRing.from_secret(settings.master_key)),
    )
    accept, answer = _webhooks(service, settings)
    limits = Limits(settings.body_limit, settings.body_idle_seconds, settings.body_budget)
    limited = _limited(service, settings)
    received = webhooks.Webhooks(hooks, accept, answer, limits, limited)
    api_routes, access_changed = _api(service, settings, limits, limited)
    service.mounts([webhooks.webhook_route(received, hooks), *api_routes])
    service.hears(events.router(hooks.forget_age, access_changed))
    service.runs("hooks", hooks.run)
    service.notes(hooks.notes)
    service.when_reconnected(hooks.forget_age)
    return service


def _webhooks(service: Service, settings: Settings) -> tuple[AcceptWebhook, AnswerWebhook]:
    """Who signs how, and who answers those that wait for it."""
    outside = outward_http_client(Guard.allowing(settings.outward_allow), timeout=httpx.Timeout(5.0))
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
        AnswerWebhook(respondents(settings.public_url), answers, SafeAnswers(service.metrics.registry).count),
    )


def _limited(service: Service, settings: Settings) -> LimitRequests:
    """How often anyone may."""
    counter = SlidingWindows(settings.limits_url.get_secret_value())
    service.notes(counter.notes)
    return LimitRequests(counter, settings.configuration.policies)


def _api(
    service: Service, settings: Settings, limits: Limits, limited: LimitRequests
) -> tuple[list[Route], Callable[[], None]]:
    """The API: its table, and where requests go."""
    counts = Counts(service.metrics.registry)
    configuration = settings.configuration
    upstreams = HttpUpstreams(configuration.upstreams, _patience(settings), counts)
    routes = HeldRoutes(
        list(configuration.upstreams),
        OpenApiDescriptions(upstreams, settings.service_token),
        SealedDocuments(_sealed(settings, "routes")),
    )
    authenticate, changed_here, changed = _access(service, settings)
    pages = WebPages(configuration.origins)
    forward = ForwardRequest(upstreams, _bytes(settings.service_token))
    kept = KeptAnswers(settings.cache_bytes)
    serve = ServeRequest(routes, authenticate, limited, forward, kept, counts, changed_here)

    def apply(changed: Configuration) -> None:
        upstreams.use(changed.upstreams)
        limited.use(changed.policies)
        pages.use(changed.origins)
        routes.forget_age()

    if settings.config_path is not None:
        file = ConfigurationFile(settings.config_path, configuration, apply)
        service.runs("configuration", file.run)
        service.notes(file.notes)
    service.runs("routes", routes.run)
    for look in (routes.notes, upstreams.notes):
        service.notes(look)
    describe = document_routes(DescribeApi(routes, lambda: service.version), page_assets())
    return [*describe, api_route(serve, limits, pages, counts)], changed


def _access(
    service: Service, settings: Settings
) -> tuple[Authenticate, Callable[[], Awaitable[None]], Callable[[], None]]:
    """Who may come in; what to wait for after a change through this door, and what to call after one elsewhere."""
    source = TenancyAccess(settings.tenancy_url, settings.service_token)
    access = HeldAccess(source, SealedAccess(_sealed(settings, "access")), settings.access_hold_seconds)
    keys = HeldKeys(source, settings.access_hold_seconds)
    fleet: dict[FleetToken, bytes] = {
        "service": _bytes(settings.service_token),
        "admin": _bytes(settings.admin_token),
    }

    async def changed_here() -> None:
        keys.forget()
        await access.changed()

    def changed() -> None:
        keys.forget()
        access.forget_age()

    service.runs("access", access.run)
    service.notes(access.notes)
    service.when_reconnected(changed)
    return Authenticate(fleet, access, keys, SignedTokens()), changed_here, changed


def _bytes(secret: SecretStr) -> bytes:
    return secret.get_secret_value().encode()


def _patience(settings: Settings) -> Patience:
    return Patience(
        settings.upstream_seconds,
        settings.upstream_connect_seconds,
        settings.upstream_total_seconds,
        settings.answer_limit,
    )


def _sealed(settings: Settings, what: str) -> SealedFile:
    """A file beside the snapshot of the hooks."""
    ring = KeyRing.from_secret(settings.master_key)
    return SealedFile(settings.snapshot_path.with_name(f"{what}.sealed"), ring, what)

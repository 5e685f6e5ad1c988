"""The composition root: what billing is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from billing.adapters.books import StoredBooks, room
from billing.adapters.no_stripe import NoPayments
from billing.adapters.plan_file import read_catalogue
from billing.adapters.stripe.adapter import StripePayments
from billing.adapters.stripe.client import stripe_client
from billing.application.change_subscription import ChangeSubscription
from billing.application.keep_budgets import KeepBudgets
from billing.application.mirror_stripe import Mirror
from billing.application.open_checkout import OpenCheckout
from billing.application.ports import Clock, NotConfigured, Room
from billing.application.reconcile import Reconcile
from billing.application.record_usage import RecordUsage
from billing.application.report_usage import ReportUsage
from billing.application.reverse_usage import ReverseUsage
from billing.application.review_licence import ReviewLicence
from billing.application.stripe_ports import Payments
from billing.application.take_on_company import TakeOnCompany
from billing.application.take_stripe_event import TakeStripeEvent
from billing.domain.money import currency
from billing.domain.plans import Catalogue
from billing.entrypoints import events, timers
from billing.entrypoints.http.desk import Desk
from billing.entrypoints.http.fleet import books_routes, fleet_routes
from billing.entrypoints.http.tenant import subscription_routes, usage_routes
from billing.settings import Settings
from chassis import Service, Session
from contracts.envelope import Following
from vendorkit import VendorRejected


def create_service(settings: Settings | None = None, *, clock: Clock = lambda: datetime.now(UTC)) -> Service:
    """Billing, ready to run; `clock` is what licences, invoices and months go by."""
    settings = settings or Settings()  # pyright: ignore[reportCallIssue] — the environment fills it
    service = Service("billing", settings)
    catalogue = read_catalogue(settings.plans)
    payments = _payments(settings, catalogue, clock)
    books = StoredBooks(service.units)
    take_on = TakeOnCompany(books, catalogue, currency(settings.currency), clock)
    review = ReviewLicence(take_on, catalogue, payments, service.tenants, clock)
    mirror = Mirror(books, payments, review, clock)
    report = ReportUsage(books, payments, clock, refused=VendorRejected)
    reconcile = Reconcile(books, payments, mirror, clock)
    service.hears(events.usage_router(_room, RecordUsage(catalogue, take_on, clock)))
    service.hears(events.company_router(_room, take_on, review))
    service.hears(
        events.stripe_router(
            TakeStripeEvent(books, payments, mirror, clock), service.blobs, settings.stripe_hook
        )
    )
    service.hears(timers.router(_room, review))
    checkout = OpenCheckout(
        books,
        take_on,
        payments,
        service.tenants,
        books.once,
        catalogue,
        return_url=settings.return_url,
        clock=clock,
    )
    desk = Desk(
        books, catalogue, payments, take_on, checkout, ChangeSubscription(books, payments, mirror, catalogue, clock),
        KeepBudgets(books, take_on, clock), report, ReverseUsage(books, clock), reconcile, clock,
    )  # fmt: skip
    for routes in (usage_routes, subscription_routes, fleet_routes, books_routes):
        service.serves(routes(desk))
    every = timers.EveryCompany(books)
    service.runs("tell-meters", timers.TellMeters(every, report, payments, settings.report_seconds).run)
    service.runs(
        "by-night",
        timers.ByNight(every, take_on, service.tenants, reconcile, clock, settings.reconcile_hour).run,
    )
    service.notes(every.notes)
    service.notes(lambda: [] if payments.configured else [str(NotConfigured())])
    return service


def _payments(settings: Settings, catalogue: Catalogue, clock: Clock) -> Payments:
    key = settings.stripe_key.get_secret_value()
    if not key:
        return cast(Payments, NoPayments())
    client = stripe_client(key, settings.stripe_url.rstrip("/"), seconds=settings.stripe_seconds)
    return StripePayments(client, catalogue, clock)


def _room(session: Session) -> Room:
    return room(session, _says_by_returning)


def _says_by_returning(*following: Following) -> None:
    raise RuntimeError(f"a handler says what it returns: {len(following)} messages would be lost")

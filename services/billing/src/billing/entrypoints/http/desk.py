"""What billing's routes work with, and how refusals are answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from billing.application.change_subscription import ChangeSubscription
from billing.application.keep_budgets import KeepBudgets
from billing.application.open_checkout import OpenCheckout
from billing.application.ports import Books, Clock, NotConfigured, Refused
from billing.application.reconcile import Reconcile
from billing.application.report_usage import ReportUsage
from billing.application.reverse_usage import ReverseUsage
from billing.application.stripe_ports import Payments
from billing.application.take_on_company import TakeOnCompany
from billing.domain.plans import Catalogue, UnknownPlan
from chassis.http import Problem


@dataclass(frozen=True, slots=True)
class Desk:
    """What the routes work with."""

    books: Books
    catalogue: Catalogue
    payments: Payments
    take_on: TakeOnCompany
    checkout: OpenCheckout
    change: ChangeSubscription
    budgets: KeepBudgets
    report: ReportUsage
    reverse: ReverseUsage
    reconcile: Reconcile
    clock: Clock


@contextmanager
def problems() -> Iterator[None]:
    """Refusals as problems, each with what to do."""
    try:
        yield
    except NotConfigured as error:
        raise Problem(503, "Stripe is not configured", str(error)) from error
    except UnknownPlan as error:
        raise Problem(422, "No such plan", str(error)) from error
    except Refused as error:
        raise Problem(409, "Refused", str(error)) from error

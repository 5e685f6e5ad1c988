"""Plans and price lists: data, checked as a whole before anything is sold by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from billing.domain.money import MINOR_UNITS, rounded
from billing.domain.rates import Rate, rate_flaw
from billing.domain.units import UNITS, Unit


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a unit of use costs from a day on: for the company, by currency; and us, where no bill names it.

    A version that was sold is never changed; a new one is added. A subscription keeps the version it was bought with.
    """

    version: str
    valid_from: date
    prices: Mapping[str, Mapping[Unit, Rate]]
    costs: Mapping[Unit, Cost]


@dataclass(frozen=True, slots=True)
class Cost:
    """What one unit costs us."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What a company subscribes to: a fee for each month, the use by its price list, and what it may."""

    name: str
    title: Mapping[str, str]
    monthly: Mapping[str, Decimal]
    price_list: str
    features: tuple[str, ...] = ()
    limits: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All that is sold. `trial_plan` is what a company has while it tries."""

    trial_plan: str
    trial_days: int
    grace_days: int
    plans: Mapping[str, Plan]
    price_lists: Mapping[str, tuple[PriceList, ...]]

    def plan(self, name: str) -> Plan:
        """A plan by its name. Raises `UnknownPlan`."""
        found = self.plans.get(name)
        if found is None:
            raise UnknownPlan(name, tuple(self.plans))
        return found

    def prices(self, plan: str, *, version: str | None = None, on: date) -> PriceList:
        """The price list of a plan: the version that was bought, else the newest that is valid on a day."""
        versions = self.price_lists[self.plan(plan).price_list]
        if version is not None:
            for each in versions:
                if each.version == version:
                    return each
        valid = [each for each in versions if each.valid_from <= on]
        return max(valid or versions[:1], key=lambda each: each.valid_from)


class UnknownPlan(ValueError):
    """There is no such plan."""

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        super().__init__(f"there is no plan {name[:60]!r}; there are {', '.join(sorted(known))}")


def catalogue_flaws(catalogue: Catalogue) -> Iterator[str]:
    """What is wrong with the plans, each in a sentence."""
    if catalogue.trial_plan not in catalogue.plans:
        yield f"trial_plan names {catalogue.trial_plan}, which is no plan"
    for plan in catalogue.plans.values():
        if plan.price_list not in catalogue.price_lists:
            yield f"plan {plan.name} names the price list {plan.price_list}, which is none"
            continue
        for each in catalogue.price_lists[plan.price_list]:
            if missing := sorted(set(plan.monthly) - set(each.prices)):
                yield f"plan {plan.name} is sold in {', '.join(missing)}, but price list {each.version} has no price in it"
        for code, monthly in plan.monthly.items():
            if code not in MINOR_UNITS:
                yield f"plan {plan.name}: {code} is no currency"
            elif monthly < 0 or rounded(monthly, code) != monthly:
                yield f"plan {plan.name}: {monthly} {code} cannot be paid with coins"
    for name, versions in catalogue.price_lists.items():
        yield from _list_flaws(name, versions)


def _list_flaws(name: str, versions: tuple[PriceList, ...]) -> Iterator[str]:
    if len({each.version for each in versions}) < len(versions):
        yield f"price list {name} has two versions of one name"
    if [each.valid_from for each in versions] != sorted({each.valid_from for each in versions}):
        yield f"price list {name}: its versions are not in the order of their days, one for a day"
    for each in versions:
        for code, prices in each.prices.items():
            if code not in MINOR_UNITS:
                yield f"price list {name} {each.version}: {code} is no currency"
            if missing := [unit for unit in UNITS if unit not in prices]:
                yield f"price list {name} {each.version} has no price for {', '.join(missing)} in {code}"
            for unit, rate in prices.items():
                if flaw := rate_flaw(rate):
                    yield f"price list {name} {each.version} has a rate for {unit} in {code} {flaw}"

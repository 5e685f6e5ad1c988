"""The plans, read from YAML and checked before the service starts."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from billing.domain.plans import Catalogue, Cost, Plan, PriceList, catalogue_flaws
from billing.domain.rates import Rate, Tier, flat
from billing.domain.units import Unit

OWN = Path(__file__).with_name("plans.yaml")


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Plan(_Form):
    title: dict[str, str]
    monthly: dict[str, Decimal] = Field(min_length=1)
    price_list: str
    features: tuple[str, ...] = ()
    limits: dict[str, int] = Field(default_factory=dict)


class _Cost(_Form):
    amount: Decimal = Field(ge=0)
    currency: str


class _Tier(_Form):
    up_to: int | None = None
    each: Decimal


class _PriceList(_Form):
    version: str = Field(pattern=r"[A-Za-z0-9._-]{1,40}")
    valid_from: date
    prices: dict[str, dict[Unit, Decimal | tuple[_Tier, ...]]] = Field(min_length=1)
    costs: dict[Unit, _Cost] = Field(default_factory=dict)


class _Catalogue(_Form):
    trial_plan: str
    trial_days: int = Field(ge=0, le=365)
    grace_days: int = Field(ge=0, le=90)
    plans: dict[str, _Plan] = Field(min_length=1)
    price_lists: dict[str, tuple[_PriceList, ...]]


def read_catalogue(path: Path | None = None) -> Catalogue:
    """The plans of a file, or those that come with billing. Raises `ValueError` with every flaw."""
    place = path or OWN
    try:
        form = _Catalogue.model_validate(yaml.safe_load(place.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ValueError(f"the plans in {place} cannot be read: {error}") from error
    except ValidationError as error:
        flaws = "; ".join(f"{'.'.join(map(str, flaw['loc']))}: {flaw['msg']}" for flaw in error.errors())
        raise ValueError(f"the plans in {place} are not as they must be: {flaws}") from error
    catalogue = Catalogue(
        form.trial_plan, form.trial_days, form.grace_days,
        {name: Plan(name, plan.title, plan.monthly, plan.price_list, plan.features, plan.limits) for name, plan in form.plans.items()},
        {name: tuple(_price_list(each) for each in versions) for name, versions in form.price_lists.items()},
    )  # fmt: skip
    if flaws := list(catalogue_flaws(catalogue)):
        raise ValueError(f"the plans in {place} are not as they must be: {'; '.join(flaws)}")
    return catalogue


def _price_list(form: _PriceList) -> PriceList:
    costs: dict[Unit, Cost] = {unit: Cost(cost.amount, cost.currency) for unit, cost in form.costs.items()}
    prices: dict[str, dict[Unit, Rate]] = {
        code: {unit: _rate(price) for unit, price in units.items()} for code, units in form.prices.items()
    }
    return PriceList(form.version, form.valid_from, prices, costs)


def _rate(price: Decimal | tuple[_Tier, ...]) -> Rate:
    if isinstance(price, Decimal):
        return flat(price)
    return tuple(Tier(each.up_to, each.each) for each in price)

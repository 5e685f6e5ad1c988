"""The units that use is counted in. Each has a meter at Stripe, a price in every price list, and accounts of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Unit = Literal["message", "document", "page", "minute", "token"]
UNITS: tuple[Unit, ...] = get_args(Unit)


@dataclass(frozen=True, slots=True)
class Words:
    """What a unit is called on an invoice and in a letter."""

    de: str
    en: str


NAMES: dict[Unit, Words] = {
    "message": Words("Nachrichten", "Messages"),
    "document": Words("Dokumente", "Documents"),
    "page": Words("Seiten", "Pages"),
    "minute": Words("Gesprächsminuten", "Call minutes"),
    "token": Words("KI-Tokens", "AI tokens"),
}


def meter_name(unit: Unit) -> str:
    """The name of the unit's events at its meter."""
    return f"frontdesk_{unit}"

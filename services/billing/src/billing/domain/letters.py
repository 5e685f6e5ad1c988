"""The letters to a company's admin about what it owes, in the company's language."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from billing.domain.licence import Licence

Language = Literal["de", "en"]


@dataclass(frozen=True, slots=True)
class Letter:
    """A subject and a text."""

    subject: str
    text: str


def payment_failed_letter(
    language: Language, *, company: str, number: str, amount: Decimal, currency: str, attempts: int, page_url: str | None
) -> Letter:  # fmt: skip
    """A payment did not go through."""
    if language == "de":
        owed = f"{amount:.2f}".replace(".", ",") + f" {currency}"
        where = f"\n\nHier können Sie sie ansehen und bezahlen:\n{page_url}" if page_url else ""
        return Letter(
            f"Zahlung fehlgeschlagen: Rechnung {number}",
            f"Guten Tag,\n\ndie Rechnung {number} von {company} über {owed} konnte nicht abgebucht werden "
            f"({attempts}. Versuch). Bitte prüfen Sie Ihre Zahlungsdaten.{where}\n\nWir versuchen es in den nächsten Tagen "
            f"erneut.\n",
        )
    where = f"\n\nYou can see and pay it here:\n{page_url}" if page_url else ""
    return Letter(
        f"Payment failed: invoice {number}",
        f"Hello,\n\ninvoice {number} of {company} for {amount:.2f} {currency} could not be collected (attempt {attempts}). "
        f"Please check your payment details.{where}\n\nWe will try again within the next days.\n",
    )


def licence_letter(language: Language, licence: Licence, *, company: str, time_zone: str) -> Letter:
    """The licence is running out, is suspended, or has ended."""
    until = ""
    if licence.valid_until is not None:
        until = f"{licence.valid_until.astimezone(ZoneInfo(time_zone)):%d.%m.%Y}"
    subject, text = _WORDS[language][licence.status if licence.status != "grace" else licence.reason]
    return Letter(subject, text.format(company=company, until=until))


_WORDS: dict[Language, dict[str, tuple[str, str]]] = {
    "de": {
        "trial_over": (
            "Ihre Testzeit ist zu Ende",
            "Guten Tag,\n\ndie Testzeit von {company} ist zu Ende. Bis {until} läuft alles weiter; bitte wählen Sie bis dahin "
            "einen Tarif. Danach werden keine Anfragen mehr beantwortet; es geht nichts verloren.\n",
        ),
        "payment_failed": (
            "Eine Zahlung ist offen",
            "Guten Tag,\n\nfür {company} ist eine Rechnung offen. Bis {until} läuft alles weiter. Wird sie bis dahin nicht "
            "bezahlt, werden keine Anfragen mehr beantwortet, bis sie bezahlt ist.\n",
        ),
        "suspended": (
            "Ihr Zugang ruht",
            "Guten Tag,\n\nder Zugang von {company} ruht: Es werden keine Anfragen mehr beantwortet. Sobald die offene "
            "Rechnung bezahlt oder ein Tarif gewählt ist, geht es von selbst weiter.\n",
        ),
        "ended": (
            "Ihr Abonnement ist beendet",
            "Guten Tag,\n\ndas Abonnement von {company} ist beendet. Ihre Daten bleiben erhalten; mit einem neuen Abonnement "
            "geht es weiter, wo Sie aufgehört haben.\n",
        ),
    },
    "en": {
        "trial_over": (
            "Your trial is over",
            "Hello,\n\nthe trial of {company} is over. Everything goes on until {until}; please choose a plan by then. "
            "Afterwards enquiries are no longer answered; nothing is lost.\n",
        ),
        "payment_failed": (
            "A payment is due",
            "Hello,\n\nan invoice of {company} is unpaid. Everything goes on until {until}. If it is not paid by then, "
            "enquiries are no longer answered until it is.\n",
        ),
        "suspended": (
            "Your account is suspended",
            "Hello,\n\nthe account of {company} is suspended: enquiries are no longer answered. As soon as the invoice is paid "
            "or a plan is chosen, it goes on by itself.\n",
        ),
        "ended": (
            "Your subscription has ended",
            "Hello,\n\nthe subscription of {company} has ended. Your data are kept; with a new subscription you go on where "
            "you left off.\n",
        ),
    },
}

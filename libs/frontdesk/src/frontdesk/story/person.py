"""A person who looks for a home, drawn from a seed: nobody that exists, and another one for every seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Gender = Literal["female", "male"]

CENT = Decimal("0.01")
MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip

_FEMALE = ("Jördis", "Käthe", "Änne", "Eva", "Lätizia", "Mareike", "Jördis-Marie", "Gönül", "Clara", "Bärbel")
_MALE = ("Jürgen", "Björn", "Sönke", "Götz", "Emil", "Matthäus", "Rüdiger", "Paul", "Jörn")
# Names that Tesseract reads wrong from a good scan now and then (Voßkamp, Ländle, Käßmann) are not among them: what is compared
# with what was drawn is the way through the house, not the reader's letter-perfect eye.
_LAST = (
    "Müller-Löwe", "Größer", "Schäuble", "Köhn", "Weiß", "Bäumler", "Öttinger", "Hübner", "Düsing", "Jäger",
    "Schröter", "Kühl", "Grünwald", "Höß", "Übelacker", "Strößner", "Bröcker", "Bühler", "Krüger", "Möller",
)  # fmt: skip
_EMPLOYERS = (
    "Märkische Prüfstelle GmbH", "Bäckerei Knödler KG", "Süddeutsche Fräswerke AG", "Grünpflege Böttcher GmbH",
    "Stadtwerke Köpenick GmbH", "Gebrüder Weiß Spedition KG", "Klinik am Rösental gGmbH", "Hörgeräte Jähnichen OHG",
    "Lübecker Schiffsbedarf GmbH", "Uhrenwerk Glashütte Söhne AG",
)  # fmt: skip
_STREETS = (
    "Müggelseedamm", "Schönhauser Allee", "Rüdigerstraße", "Blücherplatz", "Große Bäckerstraße", "Am Wäldchen",
    "Königsweg", "Lärchenpfad", "Brückenstraße", "Grünberger Ring",
)  # fmt: skip
_CITIES = (
    ("12587", "Berlin"), ("80331", "München"), ("50667", "Köln"), ("40213", "Düsseldorf"), ("97070", "Würzburg"),
    ("90402", "Nürnberg"), ("23552", "Lübeck"), ("38640", "Goslar"), ("37073", "Göttingen"), ("72070", "Tübingen"),
)  # fmt: skip
_HOMES = (
    "{rooms}-Zimmer-Wohnung mit Südbalkon", "Helle {rooms}-Zimmer-Altbauwohnung", "{rooms}-Zimmer-Dachgeschoss mit Ausblick",
    "Gartenwohnung mit {rooms} Zimmern", "Großzügiges Loft mit {rooms} Räumen",
)  # fmt: skip
_ASCII = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


@dataclass(frozen=True)
class Portal:
    """A marketplace that mails enquiries to the agent."""

    name: str
    sender: str
    encoding: Literal["UTF-8", "ISO-8859-1"]
    attachment: str


PORTALS = (
    Portal("ImmobilienScout24", "noreply@immobilienscout24.de", "UTF-8", "kontaktanfrage.xml"),
    Portal("Immowelt", "noreply@immowelt.de", "ISO-8859-1", "kontakt-openimmo-feedback.xml"),
)


@dataclass(frozen=True)
class Home:
    """What the enquiry is about."""

    reference: str
    portal_id: str
    title: str
    street: str
    postcode: str
    city: str
    cold_rent: Decimal


@dataclass(frozen=True)
class Deduction:
    """One line between gross and net."""

    label: str
    amount: Decimal


@dataclass(frozen=True)
class Income:
    """A month's pay: gross less deductions is net, to the cent; all amounts in EUR."""

    employer: str
    employer_address: str
    period: date
    """First day of the month."""
    personnel_number: str
    gross: Decimal
    deductions: tuple[Deduction, ...]

    @property
    def net(self) -> Decimal:
        """What is paid out."""
        return self.gross - sum((line.amount for line in self.deductions), Decimal(0))

    @property
    def month(self) -> str:
        """The period in German: Oktober 2026."""
        return f"{MONTHS[self.period.month - 1]} {self.period.year}"


@dataclass(frozen=True)
class Story:
    """Everything that was drawn, for the letters to tell and the journeys to compare with."""

    seed: int
    gender: Gender
    first_name: str
    last_name: str
    email: str
    phone: str
    street: str
    postcode: str
    city: str
    portal: Portal
    home: Home
    income: Income
    viewing_date: date
    viewing_time: time
    move_in: date

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"

    @property
    def salutation(self) -> str:
        """Frau or Herr."""
        return "Frau" if self.gender == "female" else "Herr"


def draw_story(seed: int, today: date) -> Story:
    """Draw a person, a home, an income and dates near `today`; the same arguments give the same story."""
    dice = random.Random(seed)  # noqa: S311 - a story, not a secret
    gender: Gender = dice.choice(("female", "male"))
    first_name = dice.choice(_FEMALE if gender == "female" else _MALE)
    last_name = dice.choice(_LAST)
    street, (postcode, city) = f"{dice.choice(_STREETS)} {dice.randint(1, 148)}", dice.choice(_CITIES)
    return Story(
        seed=seed,
        gender=gender,
        first_name=first_name,
        last_name=last_name,
        email=f"{_ascii(first_name)}.{_ascii(last_name)}.{dice.randrange(10**6):06}@post.example",
        phone=f"+49 30 23125 {dice.randrange(10**5):05}",
        street=street,
        postcode=postcode,
        city=city,
        portal=dice.choice(PORTALS),
        home=_draw_home(dice),
        income=_draw_income(dice, today),
        viewing_date=_working_day(today + timedelta(days=dice.randint(5, 14))),
        viewing_time=time(dice.randint(9, 18), dice.choice((0, 30))),
        move_in=_first_of_month(today, dice.randint(2, 5)),
    )


def german_amount(amount: Decimal) -> str:
    """1234.5 as 1.234,50."""
    return f"{amount:,.2f}".translate(str.maketrans(",.", ".,"))


def german_date(day: date) -> str:
    """24.12.2026."""
    return f"{day:%d.%m.%Y}"


def _draw_home(dice: random.Random) -> Home:
    postcode, city = dice.choice(_CITIES)
    return Home(
        reference=f"W-{dice.randint(1000, 9999)}",
        portal_id=str(dice.randint(100_000_000, 199_999_999)),
        title=dice.choice(_HOMES).format(rooms=dice.randint(2, 5)),
        street=f"{dice.choice(_STREETS)} {dice.randint(1, 148)}",
        postcode=postcode,
        city=city,
        cold_rent=Decimal(dice.randint(620, 1890)),
    )


def _draw_income(dice: random.Random, today: date) -> Income:
    gross = Decimal(dice.randint(260_000, 680_000)) / 100
    postcode, city = dice.choice(_CITIES)
    shares = (
        ("Lohnsteuer", Decimal(dice.randint(110, 210)) / 1000),
        ("Krankenversicherung", Decimal("0.0855")),
        ("Rentenversicherung", Decimal("0.093")),
        ("Arbeitslosenversicherung", Decimal("0.013")),
        ("Pflegeversicherung", Decimal("0.018")),
    )
    return Income(
        employer=dice.choice(_EMPLOYERS),
        employer_address=f"{dice.choice(_STREETS)} {dice.randint(1, 148)}, {postcode} {city}",
        period=_first_of_month(today, -dice.randint(1, 3)),
        personnel_number=f"{dice.randint(10_000, 99_999)}",
        gross=gross,
        deductions=tuple(
            Deduction(label, (gross * share).quantize(CENT, ROUND_HALF_UP)) for label, share in shares
        ),
    )


def _first_of_month(day: date, months_later: int) -> date:
    years, month = divmod(day.year * 12 + day.month - 1 + months_later, 12)
    return date(years, month + 1, 1)


def _working_day(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _ascii(name: str) -> str:
    """For an e-mail address: Gönül becomes goenuel."""
    return name.lower().translate(_ASCII)

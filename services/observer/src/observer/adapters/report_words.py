"""The fixed words of a report in both languages, and how its moments are written."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from observer.domain.explanation import Texts
from observer.domain.findings import Finding
from observer.domain.recommendations import amount, judged

Language = Literal["de", "en"]

WORDS: dict[str, Texts] = {
    "findings": Texts("Befunde", "Findings"),
    "followed_up": Texts("Was aus früheren Befunden wurde", "What became of earlier findings"),
    "none": Texts("Keine.", "None."),
    "since": Texts("Seit", "Since"),
    "before": Texts("vor dem Beginn dieses Berichts", "before this report begins"),
    "evidence": Texts("Belege", "Evidence"),
    "recommendation": Texts("Empfehlung", "Recommendation"),
    "gain": Texts("Erwarteter Gewinn", "Expected gain"),
    "state": Texts("Stand", "State"),
    "proposed": Texts("vorgeschlagen", "proposed"),
    "done": Texts("umgesetzt, noch nicht nachgemessen", "done, not measured again yet"),
    "validated": Texts("nachgemessen", "measured again"),
    "model": Texts("nach dem Warteschlangenmodell", "by the queueing model"),
    "arithmetic": Texts("gerechnet bis zur Grenze", "reckoned to the limit"),
    "watched": Texts("Dienste mit Messwerten", "Services with measurements"),
    "made": Texts("Erstellt", "Made"),
    "trace": Texts("Spur", "trace"),
    "statement": Texts("Abfrage", "statement"),
    "method": Texts(
        "Ein Befund ist, was in mindestens einem Viertel der Abschnitte über seiner Grenze lag. „Seit“ ist der Beginn des neuen "
        "Niveaus nach dem Test von Pettitt; nachgemessen wird mit derselben Messung, verglichen mit dem Mann-Whitney-Test.",
        "A finding is what was beyond its limit in at least a quarter of the steps. “Since” is where a new level begins by "
        "Pettitt's test; validation takes the same measurement again and compares by the Mann–Whitney test.",
    ),
}


def word(name: str, language: Language) -> str:
    """A fixed word."""
    return text(WORDS[name], language)


def text(texts: Texts, language: Language) -> str:
    """A text in a language."""
    return texts.de if language == "de" else texts.en


def moment(at: datetime | None, language: Language) -> str:
    """A moment in UTC, as it is written in a language."""
    if at is None:
        return word("before", language)
    return f"{at:%d.%m.%Y %H:%M} UTC" if language == "de" else f"{at:%Y-%m-%d %H:%M} UTC"


def gain(finding: Finding, language: Language) -> str:
    """The expected gain with its unit and where the number comes from."""
    known = finding.gain
    now, then = amount(known.now, known.unit, language), amount(known.then, known.unit, language)
    return f"{now} → {then} ({word(known.by, language)})"


def state(finding: Finding, language: Language) -> str:
    """What became of a finding."""
    told = word(finding.state, language)
    if finding.done_at is not None:
        told += f", {moment(finding.done_at, language)} ({finding.done_by})"
    if finding.comparison is not None:
        told += f". {text(judged(finding.comparison, finding.measurement.unit), language)}"
    return told

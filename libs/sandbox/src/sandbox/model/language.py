"""Telling German from English by common words."""

import re
from typing import Literal

Language = Literal["de", "en", "other"]
_GERMAN_WORDS = """
    der die das und ist nicht ich sie wir ihr mir mich ein eine einen einer für mit auf von zu zum zur im am bei
    sehr geehrte geehrter hallo guten tag freundlichen grüßen gruß bitte danke vielen können wann noch oder auch
    haben hätte würde möchte interessiere wohnung besichtigung miete anbei unterlagen nach sind es dass als wie
    fur grussen grüssen kann habe mein meine ihre ihren rechnung betrag datum nummer firma monat summe vom dem den
    brutto netto arbeitgeber arbeitnehmer vertrag zwischen bundesrepublik deutschland personalausweis lohn gehalt
    abrechnung personal überweisung steuer steuerklasse bezüge bestellung kunde gesamt gesamtbetrag mieter was
    gerne schon ab uns ihnen bis wird sich wenn aber nur diese dieser mal morgen frei warum seit
"""
_ENGLISH_WORDS = """
    the and is not i you we my me a an for with of to in at dear hello hi good morning regards kind best please
    thank thanks can could when still or also have would like interested flat apartment viewing rent attached
    documents after are it that as how your from this will be there invoice amount date number company month total
    gross net employer employee contract between pay payslip salary period order customer due name agreement tenant
    what which do does if any available property house on by our us been has had but just send need about
"""
_GERMAN, _ENGLISH = frozenset(_GERMAN_WORDS.split()), frozenset(_ENGLISH_WORDS.split())
_WORD = re.compile(r"[^\W\d_]+")


def language_of(text: str) -> Language:
    """The language most of the common words belong to; "other" when there are hardly any."""
    words = [word.casefold() for word in _WORD.findall(text)]
    german = sum(word in _GERMAN for word in words) + sum(any(s in "äöüß" for s in word) for word in words)
    english = sum(word in _ENGLISH for word in words)
    if german == english == 0:
        return "other"
    return "de" if german >= english else "en"

"""Tells German from English by visible rules: the small words that every letter has, and the umlauts."""

import re
from dataclasses import dataclass
from typing import Literal

Language = Literal["de", "en"]


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())


_GERMAN = frozenset(
    _words(
        "der die das den dem des ein eine einen einem einer und oder aber ich wir ihr sie es ist sind war waren haben "
        "hat habe hätte wäre kann können könnte möchte würde nicht auch noch mit für von zu zum zur bei beim auf aus "
        "nach über unter vor wann wie wo was wer welche welcher dass wenn ob bitte danke guten tag hallo sehr geehrte "
        "geehrter damen herren mein meine mir mich uns unser ihre ihrer ihnen im am um grüße grüßen gruß liebe lieber"
    )
)
_ENGLISH = frozenset(
    _words(
        "the a an and or but i we you he she it they is are was were be been have has had can could would should will "
        "do does did not also with for from to at on of by in into about when how where what who which that if please "
        "thanks thank hello hi dear sir madam my me our us your their this these there here regards sincerely best kind"
    )
)
_BOTH = _GERMAN & _ENGLISH


@dataclass(frozen=True)
class Told:
    """The language of a text, and how many signs spoke for it beyond those for the other."""

    language: Language
    margin: int

    @property
    def certain(self) -> bool:
        """Whether the text left no doubt worth speaking of."""
        return self.margin >= 2


def language_of(*texts: str, otherwise: Language = "de") -> Told:
    """The language that most small words speak for; `otherwise` when they speak for neither.

    An umlaut or an ß counts like a small word: English has none, though names in it may.
    """
    words = _words(" ".join(texts))
    german = sum(word in _GERMAN - _BOTH for word in words) + sum(
        bool(re.search("[äöüß]", word)) for word in words
    )
    english = sum(word in _ENGLISH - _BOTH for word in words)
    if german == english:
        return Told(otherwise, 0)
    return Told("de" if german > english else "en", abs(german - english))

"""Finding a form's labels in text that OCR has read, slips included, and the values beside or below them."""

import functools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sandbox.model.form_labels import ALL
from sandbox.model.prompt import Page

_FOLDED = str.maketrans("äöüÄÖÜßéèáàçñ", "aouaouseeaacn")
_MISREAD = str.maketrans("01|!$5", "olllss")
_TOKEN = re.compile(r"[^\s:;=|]+")
_LETTERS = re.compile(r"[^a-z]")
_NOISE = re.compile(r"^[\s:;.=|_*–—-]+")


@dataclass(frozen=True)
class Line:
    """A line of a page, with the lines below it for values that stand there."""

    page: int
    text: str
    below: tuple[str, ...]


@dataclass(frozen=True)
class Hit:
    """A label found, and what stands after it."""

    line: Line
    rest: str

    @property
    def value(self) -> str:
        """The text right of the label, else the next line."""
        beside = _NOISE.sub("", self.rest).strip()
        return beside or next((text.strip() for text in self.line.below if text.strip()), "")


def lines_of(pages: Iterable[Page]) -> list[Line]:
    """All lines that are not empty."""
    found: list[Line] = []
    for page in pages:
        texts = [text for text in page.text.splitlines() if text.strip()]
        found += [Line(page.number, text, tuple(texts[i + 1 : i + 3])) for i, text in enumerate(texts)]
    return found


def hits(lines: Sequence[Line], labels: Iterable[str]) -> Iterator[Hit]:
    """Every place where one of the labels stands; earlier labels first."""
    for label in labels:
        for line in lines:
            end = _end_of_label(line.text, label)
            if end is not None:
                yield Hit(line, line.text[end:])


@functools.lru_cache(maxsize=4096)
def folded(text: str) -> str:
    """Letters only, without umlauts and capitals; digits and signs read as the letters they stand for."""
    return _LETTERS.sub("", text.translate(_FOLDED).lower().translate(_MISREAD))


def _end_of_label(text: str, label: str) -> int | None:
    """Where the label ends: up to four tokens in a row spell it, one slip in six letters allowed."""
    wanted = folded(label)
    tokens = _tokens(text)
    for first in range(len(tokens)):
        spelled = ""
        for word, end in tokens[first : first + 4]:
            spelled += word
            if not word or len(spelled) > len(wanted) + 2:
                break
            if _near(spelled, wanted):
                return end
    return None


@functools.lru_cache(maxsize=4096)
def _tokens(text: str) -> tuple[tuple[str, int], ...]:
    """The words, folded, with the places where they end; numbers are left empty."""
    return tuple(
        (folded(token[0]) if _is_word(token[0]) else "", token.end()) for token in _TOKEN.finditer(text)
    )


def _is_word(token: str) -> bool:
    return sum(sign.isalpha() for sign in token) * 2 >= sum(sign.isalnum() for sign in token)


@functools.lru_cache(maxsize=65_536)
def _near(spelled: str, wanted: str) -> bool:
    slips = len(wanted) // 6
    if abs(len(spelled) - len(wanted)) > slips:
        return False
    if spelled == wanted:
        return True
    # A word that is another label, rightly spelled, is that label and no slip: employer, employee.
    if slips == 0 or spelled in _ALL_LABELS or len(set(spelled) ^ set(wanted)) > 2 * slips:
        return False
    return _distance(spelled, wanted) <= slips


def _distance(left: str, right: str) -> int:
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        previous, row[0] = row[0], i
        for j, b in enumerate(right, start=1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


_ALL_LABELS = frozenset(folded(label) for label in ALL)

"""What a letter names: objects, days, times, amounts, numbers to call."""

import re
from collections.abc import Iterator

from sandbox.model.amounts import amounts_in
from sandbox.model.dates import days_in, time_in
from sandbox.model.people import person_of
from sandbox.model.prompt import Prompt

_REFERENCE = re.compile(
    r"\b(?:Objekt(?:-?\s?(?:Nr\.?|nummer|ID|Kennung))?|Immobilien-?ID|Exposé(?:-?Nr\.?)?|Expose(?:-?Nr\.?)?|Scout-?ID|Anzeigen(?:-?Nr\.?|nummer)|"
    r"Chiffre|Ref(?:erenz|erence)?(?:\s(?:no|number|nr))?\.?|Property(?:\s(?:ID|no|number))?\.?|Listing(?:\s(?:ID|no|number))?\.?|"
    r"Wohnung(?:s-?Nr\.?)?|Object(?:\s(?:no|number|ID))?\.?)\s*[:#]?\s*((?=[A-Z0-9/_-]*\d)[A-Z0-9][A-Z0-9/_-]{1,24})",
    re.IGNORECASE,
)
_SHAPE = re.compile(r"\b(?=[A-Z0-9/-]*\d)[A-Z]{1,6}[-/]\d[A-Z0-9/-]{1,16}\b")
_PHONE = re.compile(r"(?<![\w/.-])(?:\+\d{1,3}|00\d{1,3}|0)[\d ()/-]{6,18}\d(?![\w.])")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_HOUSEHOLD = re.compile(
    r"\b(\d+|zwei|drei|vier|fünf|two|three|four|five)\s+(?:personen|erwachsene\w*|people|persons|adults)\b",
    re.IGNORECASE,
)


def references_in(text: str) -> list[str]:
    """References of objects, first the ones that are called one."""
    found = [match[1] for match in _REFERENCE.finditer(text)] + [match[0] for match in _SHAPE.finditer(text)]
    return list(dict.fromkeys(found))


def object_reference(prompt: Prompt) -> str:
    """The object's reference: as OBJECT names it, else as a letter does."""
    for text in (prompt.section("OBJECT"), *(f"{lt.subject}\n{lt.text}" for lt in prompt.letters)):
        found = references_in(text)
        if found:
            return found[0]
    return ""


def entities_of(prompt: Prompt) -> list[dict[str, str]]:
    """Name and value of everything found, each once."""
    pairs = dict.fromkeys(_pairs(prompt))
    return [{"name": name, "value": value} for name, value in pairs]


def _pairs(prompt: Prompt) -> Iterator[tuple[str, str]]:
    person = person_of(prompt)
    if person.name:
        yield "person", person.name
    reference = object_reference(prompt)
    if reference:
        yield "object_reference", reference
    for letter in prompt.letters:
        text = f"{letter.subject}\n{letter.text}"
        for day in days_in(text, prompt.today):
            yield "date", day.day.isoformat()
        time = time_in(text)
        if time:
            yield "time", time
        for amount in amounts_in(text):
            yield "amount", f"{amount.plain} {amount.currency}"
        for match in _PHONE.finditer(letter.text):
            yield "phone", " ".join(match[0].split())
        for match in _EMAIL.finditer(letter.text):
            yield "email", match[0]
        for match in _HOUSEHOLD.finditer(letter.text):
            yield "household", match[0]

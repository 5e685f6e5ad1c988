"""Filling any JSON schema sensibly: by what is known, else by type, name, description and prompt."""

import re

from sandbox.model.amounts import amounts_in
from sandbox.model.dates import days_in
from sandbox.model.language import language_of
from sandbox.model.prompt import Prompt
from sandbox.model.schema import misfits
from sandbox.wire import JsonObject, as_list, as_object, as_objects, as_text, as_texts

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_PHONE = re.compile(r"(?<!\w)\+?\d[\d ()/-]{6,}\d")
_SENTENCE = re.compile(r"[^.!?\n]{3,}[.!?]?")
_LONGEST = 400


def fill(schema: JsonObject, prompt: Prompt, known: JsonObject) -> object:
    """A value for the (plain) schema; `known` answers count where they fit."""
    return _value(schema, prompt, known, "")


def _value(schema: JsonObject, prompt: Prompt, known: object, name: str) -> object:
    if (
        known is not None
        and known != {}
        and not as_object(schema.get("properties"))
        and not misfits(known, schema)
    ):
        return known
    for options in (as_objects(schema.get("anyOf")), as_objects(schema.get("oneOf"))):
        if options:
            return _of_options(options, prompt, known, name)
    if "const" in schema:
        return schema["const"]
    if as_list(schema.get("enum")):
        return _chosen(as_list(schema["enum"]), prompt)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in as_texts(schema["type"]) if k != "null"), "null")
    match kind:
        case "object":
            return _filled_object(schema, prompt, as_object(known))
        case "array":
            return _filled_list(schema, prompt, known, name)
        case "string":
            return _text(schema, prompt, name)
        case "integer" | "number":
            return _number(schema, prompt, whole=kind == "integer")
        case "boolean":
            return False
        case _:
            return (
                None
                if kind == "null"
                else (_filled_object(schema, prompt, as_object(known)) if "properties" in schema else "")
            )


def _of_options(options: list[JsonObject], prompt: Prompt, known: object, name: str) -> object:
    for option in options:
        if known is not None and not misfits(known, option):
            return known
    if any(option.get("type") == "null" for option in options):
        return None
    return _value(options[0], prompt, known, name)


def _filled_object(schema: JsonObject, prompt: Prompt, known: JsonObject) -> JsonObject:
    properties = as_object(schema.get("properties"))
    return {
        name: _value(as_object(inner), prompt, known.get(name), name) for name, inner in properties.items()
    }


def _filled_list(schema: JsonObject, prompt: Prompt, known: object, name: str) -> list[object]:
    items = as_object(schema.get("items"))
    if isinstance(known, list):
        return [_value(items, prompt, element, name) for element in as_list(known)]
    least = schema.get("minItems", 0)
    return [_value(items, prompt, None, name) for _ in range(int(str(least)))]


def _chosen(choices: list[object], prompt: Prompt) -> object:
    """The choice the prompt mentions most; else one that means "nothing special"; else the first."""
    text = prompt.text.casefold()
    language = language_of(prompt.text)
    if language in choices:
        return language
    counts = {
        str(choice): text.count(str(choice).replace("_", " ").casefold()) for choice in choices if choice
    }
    best = max(counts, key=lambda choice: counts[choice], default="")
    if best and counts[best] > 0:
        return next(choice for choice in choices if str(choice) == best)
    return next((c for c in choices if c in ("other", "general", "neutral", "unknown", "none")), choices[0])


def _text(schema: JsonObject, prompt: Prompt, name: str) -> str:
    hint = f"{name} {as_text(schema.get('description'))}".casefold()
    found = _hinted(hint, as_text(schema.get("format")), prompt)
    limit = int(str(schema.get("maxLength", _LONGEST)))
    least = int(str(schema.get("minLength", 0)))
    return found[:limit].ljust(least, ".")


def _hinted(hint: str, form: str, prompt: Prompt) -> str:
    text = prompt.text
    if form in ("date", "date-time") or "date" in hint or "datum" in hint:
        days = days_in(text, prompt.today)
        day = (days[0].day if days else prompt.today).isoformat()
        return f"{day}T00:00:00Z" if form == "date-time" else day
    if "mail" in hint:
        return _first(_EMAIL.search(text))
    if "phone" in hint or "telefon" in hint:
        return _first(_PHONE.search(text))
    if "amount" in hint or "price" in hint or "betrag" in hint:
        return next((amount.plain for amount in amounts_in(text)), "")
    if "language" in hint or "sprache" in hint:
        return language_of(text)
    if "name" in hint and prompt.section("PERSON"):
        return prompt.section("PERSON").splitlines()[0]
    sentences = [s.strip() for s in _SENTENCE.findall(text) if not s.lstrip().startswith("#")]
    return " ".join(sentences[:2])[:_LONGEST]


def _number(schema: JsonObject, prompt: Prompt, *, whole: bool) -> int | float:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None or high is not None:
        lower = float(str(low)) if low is not None else min(0.0, float(str(high)))
        upper = float(str(high)) if high is not None else max(1.0, lower)
        middle = (lower + upper) / 2
        return int(middle) if whole else middle
    amount = next((a.value for a in amounts_in(prompt.text)), None)
    if amount is not None:
        return int(amount) if whole else float(amount)
    return 0 if whole else 0.5


def _first(match: re.Match[str] | None) -> str:
    return match[0] if match else ""

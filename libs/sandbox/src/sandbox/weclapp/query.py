"""weclapp's list parameters: filters, or-groups, sorting, pages, chosen properties."""

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from functools import cmp_to_key

from sandbox.wire import JsonObject, as_object

# Longer names first, so that notilike is not taken for like.
_OPERATORS = "notilike|notlike|notieq|notnull|ilike|notin|null|like|ieq|eq|ne|lt|gt|le|ge|in"
_FILTER = re.compile(rf"^(?:(or\w*)-)?([\w.]+)-({_OPERATORS})$")
_OTHER_PARAMETERS = """
    page pageSize offset sort properties additionalProperties serializeNulls includeReferencedEntities
    ignoreMissingProperties dryRun
"""
_NOT_FILTERS = frozenset(_OTHER_PARAMETERS.split())
DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE = 100, 1000
Parameters = Sequence[tuple[str, str]]


class BadQuery(ValueError):
    """A parameter that weclapp refuses."""


def matching(records: Sequence[JsonObject], parameters: Parameters) -> list[JsonObject]:
    """The records that meet every filter; filters of one or-group need only one to be met."""
    alone: list[Callable[[JsonObject], bool]] = []
    groups: dict[str, list[Callable[[JsonObject], bool]]] = {}
    for name, value in parameters:
        if name in _NOT_FILTERS:
            continue
        condition = _condition(name, value)
        group = _group_of(name)
        groups.setdefault(group, []).append(condition) if group else alone.append(condition)
    return [
        record
        for record in records
        if all(condition(record) for condition in alone)
        and all(any(condition(record) for condition in group) for group in groups.values())
    ]


def page_of(records: Sequence[JsonObject], parameters: Parameters) -> list[JsonObject]:
    """The records sorted, cut to the page asked for, each reduced to the properties asked for."""
    chosen = dict(parameters)
    size = _whole(chosen.get("pageSize"), "pageSize", DEFAULT_PAGE_SIZE)
    if not 1 <= size <= LARGEST_PAGE_SIZE:
        raise BadQuery(f"pageSize must be between 1 and {LARGEST_PAGE_SIZE}")
    page = _whole(chosen.get("page"), "page", 1)
    if page < 1:
        raise BadQuery("page starts at 1")
    start = _whole(chosen.get("offset"), "offset", (page - 1) * size)
    rows = _sorted(records, chosen.get("sort", ""))[start : start + size]
    names = [name.strip() for name in chosen.get("properties", "").split(",") if name.strip()]
    return [{name: row[name] for name in ("id", *names) if name in row} for row in rows] if names else rows


def _group_of(name: str) -> str | None:
    found = _FILTER.match(name)
    return found.group(1) if found else None


def _condition(name: str, value: str) -> Callable[[JsonObject], bool]:
    found = _FILTER.match(name)
    if not found:
        raise BadQuery(f"unknown parameter or filter {name}")
    field, operator = found.group(2), found.group(3)
    return lambda record: _holds(_at(record, field), operator, value)


def _at(record: JsonObject, path: str) -> object:
    held: object = record
    for part in path.split("."):
        held = as_object(held).get(part)
    return held


def _holds(held: object, operator: str, value: str) -> bool:
    if operator in ("null", "notnull"):
        return (held is None) == (operator == "null")
    if operator in ("in", "notin"):
        return (_text(held) in _choices(value)) == (operator == "in")
    if operator.startswith("not"):
        return not _holds(held, operator.removeprefix("not"), value)
    if operator == "ne":
        return not _holds(held, "eq", value)
    if held is None:
        return False
    return _compares(held, operator, value)


def _compares(held: object, operator: str, value: str) -> bool:
    text = _text(held)
    match operator:
        case "eq":
            return text == value
        case "ieq":
            return text.casefold() == value.casefold()
        case "like":
            return _like(value, 0).fullmatch(text) is not None
        case "ilike":
            return _like(value, re.IGNORECASE).fullmatch(text) is not None
        case _:
            order = _order(text, value)
            return {"lt": order < 0, "gt": order > 0, "le": order <= 0, "ge": order >= 0}[operator]


def _like(pattern: str, flags: int) -> re.Pattern[str]:
    translated = "".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.compile(translated, flags | re.DOTALL)


def _choices(value: str) -> list[str]:
    try:
        choices: object = json.loads(value)
    except ValueError:
        raise BadQuery("in and notin take a JSON array") from None
    if not isinstance(choices, list):
        raise BadQuery("in and notin take a JSON array")
    return [_text(choice) for choice in choices]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _order(left: str, right: str) -> int:
    try:
        first, second = Decimal(left), Decimal(right)
    except InvalidOperation:
        return (left.casefold() > right.casefold()) - (left.casefold() < right.casefold())
    return (first > second) - (first < second)


def _sorted(records: Sequence[JsonObject], sort: str) -> list[JsonObject]:
    rows = list(records)
    for name in reversed([part.strip() for part in sort.split(",") if part.strip()]):
        field = name.removeprefix("-")
        rows.sort(
            key=cmp_to_key(lambda a, b, f=field: _order(_text(_at(a, f)), _text(_at(b, f)))),
            reverse=name.startswith("-"),
        )
    return rows


def _whole(value: str | None, name: str, default: int) -> int:
    if value is None:
        return default
    if not value.isdigit():
        raise BadQuery(f"{name} must be a whole number")
    return int(value)

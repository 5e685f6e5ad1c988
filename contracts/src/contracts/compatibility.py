"""What may change in a released message: an optional field may be added, nothing else (law 1).

A narrower form would refuse messages that still wait in queues; a wider one would be refused by readers that are not
rolled out yet. So any other difference is a new class in the next `vN.py`.
"""

from __future__ import annotations

from typing import Any

from contracts.schema import Schema

_FOR_PEOPLE = {"title", "description", "examples", "$schema", "$id", "$defs", "$comment"}
_PARTS = {"properties", "required", "enum", "anyOf", "items", "additionalProperties", "$ref"}
_ABSENT = object()


def breaking_changes(released: Schema, current: Schema) -> list[str]:
    """What in the current schema breaks the released one, each as a sentence; empty when nothing does."""
    return _Comparison(released, current).of(released, current, "")


class _Comparison:
    """Two whole schemas; their parts are compared with references resolved."""

    def __init__(self, released: Schema, current: Schema) -> None:
        self._released = released.get("$defs", {})
        self._current = current.get("$defs", {})
        self._under_way: set[tuple[str, str]] = set()

    def of(self, old: Schema, new: Schema, place: str) -> list[str]:
        """What differs between two parts that stand at one place."""
        pair = (str(old.get("$ref", "")), str(new.get("$ref", "")))
        if all(pair) and pair in self._under_way:
            return []
        self._under_way.add(pair)
        old, new = _resolved(old, self._released), _resolved(new, self._current)
        found = [
            *self._keywords(old, new, place),
            *self._fields(old, new, place),
            *self._values(old, new, place),
            *self._options(old, new, place),
            *self._inner(old, new, place),
        ]
        self._under_way.discard(pair)
        return found

    def _keywords(self, old: Schema, new: Schema, place: str) -> list[str]:
        """Type, format, bounds, patterns, defaults: whatever is not known to be for people alone."""
        names = sorted((old.keys() | new.keys()) - _FOR_PEOPLE - _PARTS)
        return [
            f"{place or 'the message'}: {name} was {_show(old, name)} and is {_show(new, name)}"
            for name in names
            if _value(old, name) != _value(new, name)
        ]

    def _fields(self, old: Schema, new: Schema, place: str) -> list[str]:
        before, now = old.get("properties", {}), new.get("properties", {})
        was_required, is_required = set(old.get("required", ())), set(new.get("required", ()))
        found: list[str] = []
        for name in before:
            inner = f"{place}.{name}" if place else name
            if name not in now:
                found.append(f"{inner}: the field is gone")
                continue
            if name in is_required - was_required:
                found.append(f"{inner}: the field was optional and is required")
            if name in was_required - is_required:
                found.append(f"{inner}: the field was always there and is optional")
            found += self.of(before[name], now[name], inner)
        for name in now.keys() - before.keys():
            if name in is_required:
                found.append(f"{f'{place}.{name}' if place else name}: a new field that is required")
        return found

    def _values(self, old: Schema, new: Schema, place: str) -> list[str]:
        if "enum" not in old and "enum" not in new:
            return []
        if "enum" not in old or "enum" not in new:
            change = "named" if "enum" in new else "free"
            return [f"{place}: its values are now {change}"]
        gone = [value for value in old["enum"] if value not in new["enum"]]
        added = [value for value in new["enum"] if value not in old["enum"]]
        return [f"{place}: the value {value} is gone" for value in gone] + [
            f"{place}: the value {value} is new, and readers of today refuse it" for value in added
        ]

    def _options(self, old: Schema, new: Schema, place: str) -> list[str]:
        before, now = old.get("anyOf"), new.get("anyOf")
        if before is None and now is None:
            return []
        if before is None or now is None or len(before) != len(now):
            return [f"{place}: it could be {_forms(old)} and can be {_forms(new)}"]
        return [
            change for was, is_now in zip(before, now, strict=True) for change in self.of(was, is_now, place)
        ]

    def _inner(self, old: Schema, new: Schema, place: str) -> list[str]:
        found: list[str] = []
        for name, mark in (("items", "[]"), ("additionalProperties", "{}")):
            before, now = old.get(name), new.get(name)
            if isinstance(before, dict) and isinstance(now, dict):
                found += self.of(before, now, f"{place}{mark}")
            elif before != now:
                found.append(f"{place}{mark}: was {before} and is {now}")
        return found


def _resolved(node: Schema, definitions: Schema) -> Schema:
    """The part that a reference names; what stands beside a reference is for people."""
    while "$ref" in node:
        beside = {name: value for name, value in node.items() if name != "$ref"}
        node = {**definitions[str(node["$ref"]).rsplit("/", 1)[-1]], **beside}
    return node


def _value(node: Schema, name: str) -> Any:
    return node.get(name, _ABSENT)


def _show(node: Schema, name: str) -> str:
    return repr(node[name]) if name in node else "absent"


def _forms(node: Schema) -> str:
    options: list[Schema] = node.get("anyOf", [node])
    return " or ".join(str(option.get("type") or option.get("$ref") or option) for option in options)

"""Stripe's form encoding: `items[0][price]=price_1&metadata[tenant]=t1`, for bodies and queries."""

from __future__ import annotations

import re
from typing import cast
from urllib.parse import parse_qsl

from sandbox.stripe.errors import StripeError
from sandbox.wire import JsonObject

_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_BRACKET = re.compile(r"\[([^\[\]]*)\]")


def decoded(raw: bytes | str) -> JsonObject:
    """The tree in a form: objects of strings, and lists where the brackets are empty or numbered.

    Raises `StripeError` when a name's brackets do not match or it is a value and an object at once.
    """
    text = raw.decode("utf-8") if isinstance(raw, bytes) else raw
    tree: JsonObject = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        found = _NAME.match(name)
        if found is None:
            raise StripeError(f"Invalid parameter name: {name}", param=name)
        _put(tree, [found[1], *_BRACKET.findall(found[2])], value, name)
    return cast("JsonObject", _with_lists(tree))


def _put(tree: JsonObject, path: list[str], value: str, name: str) -> None:
    node = tree
    for step in path[:-1]:
        below = node.setdefault(_key(node, step), {})
        if not isinstance(below, dict):
            raise StripeError(f"Invalid parameter: {name} is a value and an object at once", param=name)
        node = cast("JsonObject", below)
    node[_key(node, path[-1])] = value


def _key(node: JsonObject, step: str) -> str:
    """An empty bracket takes the next number."""
    return step if step else str(len(node))


def _with_lists(value: object) -> object:
    if not isinstance(value, dict):
        return value
    node = cast("JsonObject", value)
    if node and all(name.isdigit() for name in node):
        return [_with_lists(node[name]) for name in sorted(node, key=int)]
    return {name: _with_lists(below) for name, below in node.items()}

"""Files and functions that have grown too long to be read at once."""

from __future__ import annotations

import ast

from testkit.architecture.tree import Tree, parsed

LONGEST_FILE = 400
LONGEST_FUNCTION = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef


def flaws(tree: Tree, allowed: dict[str, str]) -> list[str]:
    """Files over 400 lines and functions over 60; of a function that holds others, theirs do not count.

    `allowed` has the reason for each exception, by path; an exception for what is gone is a flaw too.
    """
    found: dict[str, str] = {}
    for file in tree.python_files():
        place = file.relative_to(tree.root).as_posix()
        lines = len(file.read_text().splitlines())
        if lines > LONGEST_FILE:
            found[place] = f"{place} has {lines} lines"
        for node in ast.walk(parsed(file)):
            if isinstance(node, Function) and _too_long(node):
                found[f"{place}:{node.name}"] = f"{place}: {node.name} has {own_lines(node)} lines"
    return [words for place, words in found.items() if place not in allowed] + [
        f"{place} is allowed to be long, but is gone"
        for place in sorted(allowed)
        if not (tree.root / place.partition(":")[0]).exists()
    ]


def _too_long(node: Function) -> bool:
    return _lines(node) > LONGEST_FUNCTION and own_lines(node) > LONGEST_FUNCTION


def own_lines(node: Function) -> int:
    """A function's lines without those of the functions in it."""
    inner = [part for part in _functions_in(node) if part is not node]
    return _lines(node) - sum(_lines(part) for part in inner)


def _functions_in(node: ast.AST) -> list[Function]:
    """The functions right under a node, not those inside of these."""
    found: list[Function] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function):
            found.append(child)
        else:
            found += _functions_in(child)
    return found


def _lines(node: Function) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1

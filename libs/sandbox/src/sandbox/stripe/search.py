"""Stripe's search language: `email:'a@b.de' AND metadata['tenant']:'t1'`, `-`, `~`, `>`, `AND` or `OR`, not both."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.stripe.errors import invalid
from sandbox.stripe.state import Json

_CLAUSE = re.compile(
    r"""\s*(?P<not>-)?(?P<field>[a-z_.]+)(?:\[(?P<q>["'])(?P<key>[^"']+)(?P=q)\])?\s*
        (?P<operator>:|~|>=|<=|>|<)\s*(?:(?P<v>["'])(?P<value>(?:\\.|(?!(?P=v)).)*)(?P=v)|(?P<bare>[\w.-]+))\s*""",
    re.VERBOSE,
)
_JOIN = re.compile(r"(AND|OR)\b", re.IGNORECASE)


def matching(records: Sequence[Json], query: str) -> list[Json]:
    """The records that the query describes, in their order. Raises 400 for a query that cannot be read."""
    clauses, joins, position = list[re.Match[str]](), set[str](), 0
    while True:
        clause = _CLAUSE.match(query, position)
        if clause is None:
            raise invalid(f"We were unable to parse your search query: {query}", "query")
        clauses.append(clause)
        position = clause.end()
        if position == len(query):
            break
        join = _JOIN.match(query, position)
        joins.add(join[1].upper() if join else "AND")
        position = join.end() if join else position
    if len(joins) > 1:
        raise invalid("Queries may use AND or OR, not both.", "query")
    combine = any if joins == {"OR"} else all
    return [record for record in records if combine(_meets(record, clause) for clause in clauses)]


def _meets(record: Json, clause: re.Match[str]) -> bool:
    held = record.get(clause["field"])
    if clause["key"] is not None:
        held = (held or {}).get(clause["key"])
    wanted = clause["bare"] if clause["bare"] is not None else re.sub(r"\\(.)", r"\1", clause["value"])
    return _compares(held, clause["operator"], wanted) != bool(clause["not"])


def _compares(held: object, operator: str, wanted: str) -> bool:
    if wanted == "null":
        return held is None
    if held is None:
        return False
    written = str(held).lower()
    if operator == ":":
        return written == wanted.lower()
    if operator == "~":
        return wanted.lower() in written
    if not isinstance(held, int):
        return False
    number = int(wanted)
    return {">": held > number, ">=": held >= number, "<": held < number, "<=": held <= number}[operator]

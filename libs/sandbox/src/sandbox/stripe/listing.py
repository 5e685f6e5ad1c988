"""Lists: newest first, by cursor; search results, by page; filters on the time of creation."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence

from sandbox.stripe.call import Call
from sandbox.stripe.errors import invalid, missing_resource
from sandbox.stripe.params import Params
from sandbox.stripe.search import matching
from sandbox.stripe.state import Json

_DEFAULT, _MOST = 10, 100


def page(call: Call, records: Sequence[Json], url: str, *, newest_first: bool = True) -> Json:
    """The part of the records (oldest first) that limit, starting_after and ending_before ask for."""
    ordered = list(reversed(records)) if newest_first else list(records)
    limit = _limit(call.params)
    after, before = call.params.text("starting_after"), call.params.text("ending_before")
    if after and before:
        raise invalid("You can only pass one of starting_after and ending_before.", "starting_after")
    if before:
        ahead = ordered[: _position(ordered, before, "ending_before")]
        return _list(ahead[-limit:], url, has_more=len(ahead) > limit)
    rest = ordered[_position(ordered, after, "starting_after") + 1 :] if after else ordered
    return _list(rest[:limit], url, has_more=len(rest) > limit)


def found(call: Call, records: Sequence[Json], url: str) -> Json:
    """The part of the records that a search finds, newest first."""
    ordered = list(reversed(matching(records, call.params.required("query"))))
    limit, start = _limit(call.params), _start(call.params.text("page"))
    more = len(ordered) > start + limit
    return {
        "object": "search_result", "url": url, "data": ordered[start : start + limit], "has_more": more,
        "next_page": base64.urlsafe_b64encode(str(start + limit).encode()).decode() if more else None,
    }  # fmt: skip


def created_within(call: Call) -> Callable[[Json], bool]:
    """Whether an object is of the time that `created`, or `created[gte]` and its likes, asks for."""
    if not isinstance(call.params.raw.get("created"), dict):
        exact = call.params.integer("created")
        return lambda record: exact is None or record["created"] == exact
    limits = call.params.sub("created").only("gt", "gte", "lt", "lte")
    gt, gte, lt, lte = (limits.integer(name) for name in ("gt", "gte", "lt", "lte"))

    def is_within(record: Json) -> bool:
        at = record["created"]
        above = (gt is None or at > gt) and (gte is None or at >= gte)
        return above and (lt is None or at < lt) and (lte is None or at <= lte)

    return is_within


def equal(call: Call, *names: str) -> Callable[[Json], bool]:
    """Whether an object has the values that the parameters of these names ask for."""
    wanted = {name: call.params.text(name) for name in names if call.params.text(name) is not None}
    return lambda record: all(_written(record.get(name)) == value for name, value in wanted.items())


def _written(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _limit(params: Params) -> int:
    limit = params.integer("limit")
    if limit is None:
        return _DEFAULT
    if not 1 <= limit <= _MOST:
        raise invalid(f"Invalid limit: must be between 1 and {_MOST}", "limit", "parameter_invalid_integer")
    return limit


def _position(ordered: Sequence[Json], object_id: str, param: str) -> int:
    for number, record in enumerate(ordered):
        if record["id"] == object_id:
            return number
    raise missing_resource("object in this list", object_id, param)


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError) as error:
        raise invalid("Invalid page", "page") from error


def _list(data: list[Json], url: str, *, has_more: bool) -> Json:
    return {"object": "list", "url": url, "has_more": has_more, "data": data}

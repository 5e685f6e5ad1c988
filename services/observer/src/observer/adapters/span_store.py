"""Kept stories in the Observer's own schema: their spans, and a line of each for lists."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import ARRAY, BigInteger, Boolean, Row, Text, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from chassis.errors import OurOutage
from observer.application.ports import WatchOutage
from observer.domain.sampling import KeptStory
from observer.domain.spans import SECOND, StoryLine, StoryQuestion, StorySpan

_COLUMNS = {
    "story_id": Text, "trace_id": Text, "span_id": Text, "parent_id": Text, "service": Text, "process": Text, "name": Text,
    "kind": Text, "began": BigInteger, "ended": BigInteger, "failed": Boolean, "error": Text, "attributes": Text,
}  # fmt: skip
_NAMES = ", ".join(_COLUMNS)
_KEEP_SPANS = text(
    f"insert into spans ({_NAMES}) "  # noqa: S608 — the names are ours, the values are bound
    f"select {_NAMES.replace('attributes', 'attributes::jsonb')} "
    f"from unnest({', '.join(f':{name}' for name in _COLUMNS)}) as new({_NAMES}) on conflict do nothing"
).bindparams(*(bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items()))
_KEEP_STORIES = text(
    """
    insert into stories (story_id, tenant_id, began, ended, spans, failed, slow, subjects)
    select story_id, max(attributes ->> 'frontdesk.tenant_id'), min(began), max(ended), count(*), bool_or(failed), bool_or(slow),
        coalesce(array_agg(distinct attributes ->> 'frontdesk.subject')
            filter (where attributes ? 'frontdesk.subject'), '{}')
    from spans join unnest(:ids, :slows) as kept(id, slow) on kept.id = story_id
    group by story_id
    on conflict (story_id) do update set
        tenant_id = excluded.tenant_id, began = excluded.began, ended = excluded.ended, spans = excluded.spans,
        failed = excluded.failed, slow = stories.slow or excluded.slow, subjects = excluded.subjects
    """
).bindparams(bindparam("ids", type_=ARRAY(Text)), bindparam("slows", type_=ARRAY(Boolean)))
_LISTED = text(
    """
    select * from stories
    where (cast(:failed as boolean) is null or failed = :failed) and (cast(:slow as boolean) is null or slow = :slow)
        and (cast(:tenant_id as text) is null or tenant_id = :tenant_id)
        and (cast(:subject as text) is null or subjects @> array[cast(:subject as text)])
        and (cast(:before as bigint) is null or began < :before)
    order by began desc limit :limit
    """
)
_FORGET = text(
    "with old as (delete from stories where began < :before returning story_id) "
    "delete from spans using old where spans.story_id = old.story_id returning spans.story_id"
)
_WAITED = "coalesce((attributes ->> 'frontdesk.waited_s')::double precision, 0)"
_SLOWEST = {
    by_wait: text(
        f"select * from spans where service = :service and name = :name and began between :since and :until "  # noqa: S608 — both orders are ours
        f"order by {order} desc, span_id limit :limit"
    )
    for by_wait, order in ((True, _WAITED), (False, "ended - began"))
}


class PostgresSpanStore:
    """`SpanStore` in Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, stories: Sequence[KeptStory]) -> None:
        """Keep spans, each once, and what they say of their stories."""
        rows = [_row(story.story_id, span) for story in stories for span in story.spans]
        slow: dict[str, bool] = {}
        for story in stories:
            slow[story.story_id] = slow.get(story.story_id, False) or story.slow
        async with self._connection() as connection:
            await connection.execute(_KEEP_SPANS, {name: [row[name] for row in rows] for name in _COLUMNS})
            ids = sorted(slow)
            await connection.execute(_KEEP_STORIES, {"ids": ids, "slows": [slow[story] for story in ids]})

    async def listed(self, question: StoryQuestion) -> Sequence[StoryLine]:
        """Stories, newest first."""
        asked = {
            "failed": question.failed, "slow": question.slow, "tenant_id": question.tenant_id,
            "subject": question.subject, "before": question.before, "limit": question.limit,
        }  # fmt: skip
        async with self._connection() as connection:
            return [_line(row) for row in await connection.execute(_LISTED, asked)]

    async def spans_of(self, reference: str) -> tuple[StoryLine, Sequence[StorySpan]] | None:
        """A story by its id, or the newest one about something; None when none is kept."""
        async with self._connection() as connection:
            found = await connection.execute(
                text(
                    "select * from stories where story_id = :reference or subjects @> array[cast(:reference as text)] "
                    "order by story_id = :reference desc, began desc limit 1"
                ).bindparams(bindparam("reference", type_=Text)),
                {"reference": reference},
            )
            line = found.first()
            if line is None:
                return None
            rows = await connection.execute(
                text("select * from spans where story_id = :id order by began, span_id"),
                {"id": line.story_id},
            )
            return _line(line), [_span(row) for row in rows]

    async def slowest(
        self, service: str, name: str, since: datetime, until: datetime, *, by_wait: bool, limit: int
    ) -> Sequence[tuple[str, StorySpan]]:
        """The slowest spans of that name within that time, each with its story's id."""
        asked = {
            "service": service, "name": name, "limit": limit,
            "since": int(since.timestamp() * SECOND), "until": int(until.timestamp() * SECOND),
        }  # fmt: skip
        async with self._connection() as connection:
            return [(row.story_id, _span(row)) for row in await connection.execute(_SLOWEST[by_wait], asked)]

    async def forget(self, before: datetime) -> int:
        """Drop stories that began before that; returns how many spans."""
        async with self._connection() as connection:
            result = await connection.execute(_FORGET, {"before": int(before.timestamp() * SECOND)})
            return result.rowcount

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.connection() as connection:
                yield connection
        except OurOutage as error:
            raise WatchOutage(str(error)) from error


def _row(story_id: str, span: StorySpan) -> dict[str, object]:
    return {
        "story_id": story_id, "trace_id": span.trace_id, "span_id": span.span_id, "parent_id": span.parent_id,
        "service": span.service, "process": span.process, "name": span.name, "kind": span.kind, "began": span.began,
        "ended": span.ended, "failed": span.failed, "error": span.error, "attributes": json.dumps(dict(span.attributes)),
    }  # fmt: skip


def _line(row: Row[tuple[object, ...]]) -> StoryLine:
    return StoryLine(
        row.story_id,
        row.tenant_id,
        row.began,
        row.ended,
        row.spans,
        row.failed,
        row.slow,
        tuple(row.subjects),
    )


def _span(row: Row[tuple[object, ...]]) -> StorySpan:
    return StorySpan(
        row.trace_id, row.span_id, row.parent_id, row.service, row.name, row.kind, row.began, row.ended, row.process,
        row.failed, row.error, row.attributes,
    )  # fmt: skip

"""The SQL of `series_store`: what is kept, made coarser, read and dropped."""

from __future__ import annotations

KEEP_SERIES = """
with new as (
    select place, name, labels::jsonb as labels, kind, bounds::float8[] as bounds
    from unnest(:names, :labelled, :kinds, :bounded) with ordinality as n(name, labels, kind, bounds, place)
), kept as (
    insert into series (name, labels, kind, bounds, seen_at)
    select name, labels, kind, bounds, :at from new order by place
    on conflict (name, labels) do update set kind = excluded.kind, bounds = excluded.bounds, seen_at = excluded.seen_at
    returning id, name, labels
)
select new.place, kept.id from kept join new using (name, labels)
"""
KEEP = """
insert into samples (series_id, at, value, counts)
select id, at, value, counts::float8[] from unnest(:ids, :moments, :numbers, :counted) as n(id, at, value, counts)
on conflict do nothing
"""

_RISES = """
    select series_id, at, value as total, 1 as readings, value as minimum, value as maximum, value as last,
        case when before is null then 0 when anew then value else value - before end as increase,
        case when counts is null then null
             when counts_before is null then (select array_agg(0::float8) from unnest(counts))
             when anew then counts
             else (select array_agg(now - before order by place)
                   from unnest(counts, counts_before) with ordinality as u(now, before, place))
        end as counts
    from (
        select *, case when counts is null then value < before
            else cardinality(counts) <> cardinality(counts_before)
                or exists (select from unnest(counts, counts_before) as u(now, before) where now < before) end as anew
        from (
            select *, lag(value) over series as before, lag(counts) over series as counts_before
            from samples where {which}
            window series as (partition by series_id order by at)
        ) seen
    ) compared
    where at >= :since
"""
"""Each sample with what rose since the one before; a value below the one before is a start from nothing."""

_GATHERED = """
with rows as ({rows}), binned as (
    select *, {bin} as begins from rows
), counted as (
    select series_id, begins, array_agg(risen order by place) as counts
    from (
        select series_id, begins, place, sum(risen) as risen
        from binned, unnest(counts) with ordinality as u(risen, place) group by series_id, begins, place
    ) bounds
    group by series_id, begins
)
insert into {table} (series_id, at, minimum, maximum, total, readings, last, increase, counts)
select series_id, begins, min(minimum), max(maximum), sum(total), sum(readings),
    (array_agg(last order by at desc))[1], sum(increase), min(counted.counts)
from binned left join counted using (series_id, begins)
group by series_id, begins
on conflict (series_id, at) do update set minimum = excluded.minimum, maximum = excluded.maximum,
    total = excluded.total, readings = excluded.readings, last = excluded.last, increase = excluded.increase,
    counts = excluded.counts
"""
ROLL_UP_MINUTES = _GATHERED.format(
    rows=_RISES.format(which="at >= :look_back"), bin="date_trunc('minute', at)", table="minutes"
)
ROLL_UP_HOURS = _GATHERED.format(
    rows="select * from minutes where at >= :since", bin="date_trunc('hour', at)", table="hours"
)

_ROLLED = "select * from {table} where series_id = any(:ids) and at >= :since and at < :until"
SOURCES = {
    "samples": _RISES.format(which="series_id = any(:ids) and at >= :look_back and at < :until"),
    "minutes": _ROLLED.format(table="minutes"),
    "hours": _ROLLED.format(table="hours"),
}
"""Where a question is answered from: all of one form."""

_BIN = "date_bin(:step, at, :since)"
WINDOW = f"""
with rows as ({{source}})
select series_id, {_BIN} as step, sum(total) / sum(readings) as value
from rows group by series_id, {_BIN} order by series_id, step
"""  # noqa: S608 — made of the constants above
INCREASES = f"""
with rows as ({{source}})
select series_id, {_BIN} as step, sum(increase) as value
from rows group by series_id, {_BIN} order by series_id, step
"""  # noqa: S608 — made of the constants above
DISTRIBUTIONS = f"""
with rows as ({{source}}), binned as (select *, {_BIN} as step from rows), counted as (
    select series_id, step, array_agg(risen order by place) as counts
    from (
        select series_id, step, place, sum(risen) as risen
        from binned, unnest(counts) with ordinality as u(risen, place) group by series_id, step, place
    ) bounds
    group by series_id, step
)
select series_id, step, sum(increase) as total, min(counted.counts) as counts
from binned left join counted using (series_id, step)
group by series_id, step order by series_id, step
"""  # noqa: S608 — made of the constants above

FIND = "select id, name, labels, kind, bounds from series where name = :name order by id"
FORGET = {
    table: f"delete from {table} where at < :moment"  # noqa: S608 — made of the names here
    for table in ("samples", "minutes", "hours")
}
FORGET_SERIES = """
delete from series where seen_at < :moment
    and not exists (select from samples where series_id = id)
    and not exists (select from minutes where series_id = id)
    and not exists (select from hours where series_id = id)
"""

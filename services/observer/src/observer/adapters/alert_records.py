"""Alerts, notices and silences in the Observer's own schema."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from chassis.database import Database
from chassis.errors import OurOutage
from observer.application.ports import WatchOutage
from observer.domain.judging import Alert
from observer.domain.notices import Notice
from observer.domain.silences import Matchers, Silence

_FIELDS = (
    "alert_id", "threshold", "service", "subject", "metric", "severity", "group", "state", "value", "worst", "limit",
    "unit", "since", "fired_at", "recovered_at", "well_since", "why", "silenced_by", "notice_id",
)  # fmt: skip
_COLUMNS = ", ".join(f'"{name}"' for name in _FIELDS)
_CHANGING = ", ".join(
    f'"{name}" = excluded."{name}"' for name in _FIELDS if name not in ("alert_id", "since")
)
_KEEP_ALERT = (
    f"insert into alerts ({_COLUMNS}) values ({', '.join(f':{name}' for name in _FIELDS)}) "  # noqa: S608 — the names above
    f"on conflict (alert_id) do update set {_CHANGING}"
)
_OPEN = f"select {_COLUMNS} from alerts where state in ('firing', 'recovering')"  # noqa: S608 — the names above
_HISTORY = (
    f"select {_COLUMNS} from alerts where fired_at >= :since and fired_at < :until "  # noqa: S608 — the names above
    "and (cast(:service as text) is null or service = :service) order by fired_at desc limit :limit"
)
_KEEP_NOTICE = """
insert into notices (notice_id, "group", opened_at, told_at, "update")
values (:notice_id, :group, :opened_at, :told_at, :update)
on conflict (notice_id) do update set told_at = excluded.told_at, "update" = excluded."update"
"""
_KEEP_SILENCE = """
insert into silences (silence_id, matchers, starts_at, ends_at, reason, made_by, made_at, ended_by)
values (:silence_id, cast(:matchers as jsonb), :starts_at, :ends_at, :reason, :made_by, :made_at, :ended_by)
on conflict (silence_id) do update set ends_at = excluded.ends_at, ended_by = excluded.ended_by
"""


@asynccontextmanager
async def _connected(database: Database) -> AsyncIterator[AsyncConnection]:
    try:
        async with database.connection() as connection:
            yield connection
    except OurOutage as error:
        raise WatchOutage(str(error)) from error


class DatabaseAlerts:
    """The port `AlertRecords`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(self) -> tuple[list[Alert], Mapping[str, Notice]]:
        """What is beyond, and the notices that are not over. Raises `WatchOutage`."""
        async with _connected(self._database) as connection:
            alerts = [Alert(**row) for row in (await connection.execute(text(_OPEN))).mappings()]
            rows = (await connection.execute(text("select * from notices order by opened_at"))).mappings()
            notices = {str(row["group"]): Notice(**row) for row in rows}
        return alerts, notices

    async def keep(self, alerts: Sequence[Alert], notices: Sequence[Notice], ended: Sequence[str]) -> None:
        """Keep all in one transaction. Raises `WatchOutage`."""
        async with _connected(self._database) as connection:
            if fired := [_values(alert) for alert in alerts if alert.fired_at is not None]:
                await connection.execute(text(_KEEP_ALERT), fired)
            if open_ := [
                {
                    "notice_id": one.notice_id,
                    "group": one.group,
                    "opened_at": one.opened_at,
                    "told_at": one.told_at,
                    "update": one.update,
                }
                for one in notices
            ]:
                await connection.execute(text(_KEEP_NOTICE), open_)
            if ended:
                statement = text("delete from notices where notice_id = :notice_id")
                await connection.execute(statement, [{"notice_id": notice_id} for notice_id in ended])

    async def history(
        self, *, since: datetime, until: datetime, service: str | None, limit: int
    ) -> list[Alert]:
        """Alerts by when they fired, newest first. Raises `WatchOutage`."""
        given = {"since": since, "until": until, "service": service, "limit": limit}
        async with _connected(self._database) as connection:
            return [Alert(**row) for row in (await connection.execute(text(_HISTORY), given)).mappings()]

    async def forget(self, before: datetime) -> int:
        """Drop what is long over. Raises `WatchOutage`."""
        async with _connected(self._database) as connection:
            alerts = await connection.execute(
                text("delete from alerts where recovered_at < :before"), {"before": before}
            )
            silences = await connection.execute(
                text("delete from silences where ends_at < :before"), {"before": before}
            )
        return alerts.rowcount + silences.rowcount


class DatabaseSilences:
    """The port `SilenceRecords`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self, *, ended_after: datetime) -> list[Silence]:
        """Newest first. Raises `WatchOutage`."""
        statement = text("select * from silences where ends_at > :after order by made_at desc limit 1000")
        async with _connected(self._database) as connection:
            rows = await connection.execute(statement, {"after": ended_after})
            return [
                Silence(
                    row.silence_id, Matchers(**row.matchers), row.starts_at, row.ends_at, row.reason, row.made_by,
                    row.made_at, row.ended_by,
                )
                for row in rows
            ]  # fmt: skip

    async def keep(self, silence: Silence) -> None:
        """Keep one. Raises `WatchOutage`."""
        matchers = silence.matchers
        given = {
            "silence_id": silence.silence_id, "starts_at": silence.starts_at, "ends_at": silence.ends_at,
            "reason": silence.reason, "made_by": silence.made_by, "made_at": silence.made_at,
            "ended_by": silence.ended_by,
            "matchers": json.dumps({
                "threshold": matchers.threshold, "service": matchers.service, "subject": matchers.subject,
                "group": matchers.group,
            }),
        }  # fmt: skip
        async with _connected(self._database) as connection:
            await connection.execute(text(_KEEP_SILENCE), given)


def _values(alert: Alert) -> dict[str, object]:
    return {name: getattr(alert, name) for name in _FIELDS}

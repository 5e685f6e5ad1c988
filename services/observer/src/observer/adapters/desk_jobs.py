"""Jobs at the dead letters' desk: the table `desk_jobs`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, DateTime, Float, MetaData, RowMapping, Table, Text, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB, insert

from chassis.database import Database
from observer.application.desk_ports import Job, JobEnded, UnknownJob

_jobs = Table(
    "desk_jobs",
    MetaData(schema="observer"),
    Column("id", Text, primary_key=True),
    *(Column(name, Text) for name in ("verb", "actor", "state", "reason", "cancelled_by")),
    Column("orders", JSONB),
    Column("parts", JSONB),
    Column("rate", Float),
    *(
        Column(name, DateTime(timezone=True))
        for name in ("next_at", "began_at", "ended_at", "leased_until", "due_at")
    ),
)
_LEASE = text("now() + interval '60 seconds'")
_MOMENTS = ("next_at", "began_at", "ended_at")


class StoredJobs:
    """The port `Jobs` on Postgres."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, job: Job) -> None:
        """Keep a new job, which is due at once."""
        async with self._database.connection() as connection:
            await connection.execute(insert(_jobs).values(**_values(job), due_at=func.now()))

    async def job(self, job_id: str) -> Job:
        """One job. Raises `UnknownJob`."""
        async with self._database.connection() as connection:
            row = (await connection.execute(select(_jobs).where(_jobs.c.id == job_id))).mappings().first()
        if row is None:
            raise UnknownJob(f"there is no job {job_id}")
        return _job(row)

    async def page(self, limit: int) -> list[Job]:
        """The newest jobs."""
        async with self._database.connection() as connection:
            rows = await connection.execute(select(_jobs).order_by(_jobs.c.id.desc()).limit(limit))
            return [_job(row) for row in rows.mappings()]

    async def take(self) -> Job | None:
        """A job that is due and that nobody works on."""
        due = (
            select(_jobs.c.id)
            .where(
                _jobs.c.ended_at.is_(None),
                _jobs.c.due_at <= func.now(),
                or_(_jobs.c.leased_until.is_(None), _jobs.c.leased_until < func.now()),
            )
            .order_by(_jobs.c.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        async with self._database.connection() as connection:
            taken = _jobs.update().where(_jobs.c.id == due).values(leased_until=_LEASE).returning(_jobs)
            row = (await connection.execute(taken)).mappings().first()
        return _job(row) if row is not None else None

    async def keep(self, job: Job, *, due_in: float | None = None) -> None:
        """Keep how far it has come; see the port."""
        values = _values(job)
        del values["cancelled_by"]
        if due_in is None:
            held = {"leased_until": _LEASE}
        else:
            held = {"leased_until": None, "due_at": func.now() + func.make_interval(0, 0, 0, 0, 0, 0, due_in)}
        async with self._database.connection() as connection:
            kept = await connection.execute(
                _jobs.update()
                .where(_jobs.c.id == job.id)
                .values(**values, **held)
                .returning(_jobs.c.cancelled_by)
            )
            job.cancelled_by = kept.scalar_one()

    async def cancel(self, job_id: str, by: str) -> Job:
        """Say that a job shall end. Raises `UnknownJob`, `JobEnded`."""
        async with self._database.connection() as connection:
            told = await connection.execute(
                _jobs.update()
                .where(_jobs.c.id == job_id, _jobs.c.ended_at.is_(None), _jobs.c.cancelled_by.is_(None))
                .values(cancelled_by=by, due_at=func.now())
                .returning(_jobs)
            )
            row = told.mappings().first()
        if row is not None:
            return _job(row)
        job = await self.job(job_id)
        if job.ended_at is None:
            return job  # somebody cancelled it already
        raise JobEnded(f"job {job_id} is {job.state} since {job.ended_at:%Y-%m-%d %H:%M:%S} UTC")


def _values(job: Job) -> dict[str, object]:
    plain = job.model_dump(mode="json", exclude={*_MOMENTS})
    moments: dict[str, datetime | None] = {name: getattr(job, name) for name in _MOMENTS}
    return {**plain, **moments}


def _job(row: RowMapping) -> Job:
    return Job.model_validate({name: row[name] for name in Job.model_fields})

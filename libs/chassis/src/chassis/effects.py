"""Effects in the world, each once: the claim is committed before the call, and a crash is decided by a look.

free ──claim──▶ claimed ──call succeeded──▶ done (the result is remembered)
                  │  ▲ └──definite refusal──▶ free
                  │  └─ lease over: look_up ──▶ done, or call again
                  └──nothing can be looked up──▶ uncertain (a human decides)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import JsonValue
from sqlalchemy import ColumnElement, and_, func
from sqlalchemy.dialects.postgresql import insert

from chassis.database import Database
from chassis.errors import EffectUncertain, RetryLater

Remembered = Mapping[str, JsonValue]
DEFAULT_LEASE = timedelta(minutes=2)
"""Longer than any vendor's time-out."""


@dataclass(frozen=True, slots=True)
class _Claim:
    state: Literal["ours", "taken_over", "held", "done", "uncertain"]
    result: Remembered | None = None
    free_in: float = 0.0
    until: datetime | None = None


class Effects:
    """The claims of one service."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._table = database.tables.effects

    async def once(
        self,
        tenant_id: str,
        key: str,
        *,
        look_up: Callable[[], Awaitable[Remembered | None]],
        call: Callable[[], Awaitable[Remembered]],
        lease: timedelta = DEFAULT_LEASE,
    ) -> Remembered:
        """Do `call` once for (tenant, key), and return what it returned, now or the first time.

        After a crash or an ambiguous failure `look_up` decides: what it returns is taken for the result, `None` means
        that it did not happen. It raises `EffectUncertain` where nothing can be looked up. A failure whose `ambiguous`
        attribute is true may have happened and keeps the claim for the look; any other failure frees it.

        Raises `RetryLater` while another process holds the claim, `EffectUncertain` now and ever after, `OurOutage`.
        """
        claim = await self._claim(tenant_id, key, lease)
        if claim.state == "done" and claim.result is not None:
            return claim.result
        if claim.state == "uncertain":
            raise EffectUncertain(f"effect {key}: whether it happened is not known; it is not repeated")
        if claim.state == "held":
            raise RetryLater(f"effect {key} is under way in another process", after=claim.free_in)
        if claim.state == "taken_over":
            try:
                found = await look_up()
            except EffectUncertain:
                await self._settle(tenant_id, key, "uncertain", None)
                raise
            except Exception:
                # The next attempt looks again, without waiting for the lease.
                await self._let_look(tenant_id, key, claim.until)
                raise
            if found is not None:
                await self._settle(tenant_id, key, "done", found)
                return found
            renewed = await self._renewed(tenant_id, key, claim.until, lease)
            if renewed is None:
                raise RetryLater(
                    f"effect {key} was taken over by another process while it was looked up", after=1.0
                )
            claim = _Claim("ours", until=renewed)
        return await self._call(tenant_id, key, claim.until, call)

    async def _call(
        self, tenant_id: str, key: str, until: datetime | None, call: Callable[[], Awaitable[Remembered]]
    ) -> Remembered:
        try:
            result = await call()
        except EffectUncertain:
            await self._settle(tenant_id, key, "uncertain", None)
            raise
        except Exception as error:
            if getattr(error, "ambiguous", False):
                await self._let_look(tenant_id, key, until)
            else:
                await self._free(tenant_id, key, until)
            raise
        await self._settle(tenant_id, key, "done", result)
        return result

    async def _claim(self, tenant_id: str, key: str, lease: timedelta) -> _Claim:
        table = self._table
        until = datetime.now(UTC) + lease
        async with self._database.connection() as connection:
            fresh = await connection.execute(
                insert(table)
                .values(tenant_id=tenant_id, key=key, state="claimed", leased_until=until)
                .on_conflict_do_nothing()
                .returning(table.c.key)
            )
            if fresh.first() is not None:
                return _Claim("ours", until=until)
            mine = and_(table.c.tenant_id == tenant_id, table.c.key == key)
            taken = await connection.execute(
                table.update()
                .where(mine, table.c.state == "claimed", table.c.leased_until < func.now())
                .values(leased_until=until)
                .returning(table.c.key)
            )
            if taken.first() is not None:
                return _Claim("taken_over", until=until)
            row = (await connection.execute(table.select().where(mine))).first()
        if row is None:  # freed between the two statements
            return _Claim("held", free_in=1.0)
        if row.state == "claimed":
            return _Claim(
                "held", free_in=max(1.0, (row.leased_until - datetime.now(UTC)).total_seconds() + 0.5)
            )
        return _Claim(row.state, row.result)

    async def _renewed(
        self, tenant_id: str, key: str, until: datetime | None, lease: timedelta
    ) -> datetime | None:
        """A whole lease for the call, since the look took its time; `None` when somebody else took over meanwhile."""
        renewed = datetime.now(UTC) + lease
        async with self._database.connection() as connection:
            kept = await connection.execute(
                self._table.update()
                .where(self._held(tenant_id, key, until))
                .values(leased_until=renewed)
                .returning(self._table.c.key)
            )
            return renewed if kept.first() is not None else None

    async def _settle(self, tenant_id: str, key: str, state: str, result: Remembered | None) -> None:
        """Keep what became of it, through an outage of the database too: nobody else knows it."""
        table = self._table
        values = {"state": state, "result": dict(result) if result is not None else None}

        async def keep() -> None:
            async with self._database.connection() as connection:
                await connection.execute(
                    table.update().where(table.c.tenant_id == tenant_id, table.c.key == key).values(values)
                )

        await self._database.outlasting(keep)

    async def _let_look(self, tenant_id: str, key: str, until: datetime | None) -> None:
        """End the lease, if it is still ours, so that the next attempt looks at once."""
        ended = datetime.now(UTC) - timedelta(seconds=1)
        async with self._database.connection() as connection:
            await connection.execute(
                self._table.update().where(self._held(tenant_id, key, until)).values(leased_until=ended)
            )

    async def _free(self, tenant_id: str, key: str, until: datetime | None) -> None:
        """Give the claim back, if it is still ours: a later holder keeps his."""
        async with self._database.connection() as connection:
            await connection.execute(self._table.delete().where(self._held(tenant_id, key, until)))

    def _held(self, tenant_id: str, key: str, until: datetime | None) -> ColumnElement[bool]:
        table = self._table
        return and_(
            table.c.tenant_id == tenant_id, table.c.key == key, table.c.state == "claimed",
            table.c.leased_until == until,
        )  # fmt: skip

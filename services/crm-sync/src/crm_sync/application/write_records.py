"""Write a task or a log entry into the CRM, once: after a crash it is looked up by our reference."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from crm_sync.application.ports import Crm, Remembered, Unit
from crm_sync.domain.records import Entry, Task


async def write_task(crm: Crm, customer_id: str, task: Task, unit: Unit) -> str:
    """Make a task once; returns its id."""
    return await once(
        unit,
        f"task:{task.reference}",
        look_up=lambda: crm.task(customer_id, task.reference),
        call=lambda: crm.create_task(customer_id, task),
    )


async def write_entry(crm: Crm, customer_id: str, contact_id: str | None, entry: Entry, unit: Unit) -> str:
    """Write a log entry once; returns its id."""
    return await once(
        unit,
        f"entry:{entry.reference}",
        look_up=lambda: crm.entry(customer_id, entry.reference),
        call=lambda: crm.log(customer_id, contact_id, entry),
    )


async def once(
    unit: Unit, key: str, *, look_up: Callable[[], Awaitable[str | None]], call: Callable[[], Awaitable[str]]
) -> str:
    """Make something with an id once; returns its id."""

    async def remembered_look_up() -> Remembered | None:
        found = await look_up()
        return None if found is None else {"id": found}

    async def remembered_call() -> Remembered:
        return {"id": await call()}

    return str((await unit.effect(key, look_up=remembered_look_up, call=remembered_call))["id"])

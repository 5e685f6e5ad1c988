"""What reporting hears: everything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from chassis import AnyEvent, Outcome, Router, Session, UnitOfWork


def router(add: Callable[[Session, AnyEvent], Awaitable[None]]) -> Router:
    """The journal's hearing."""
    router = Router()

    @router.on_everything()
    async def on_anything(event: AnyEvent, unit: UnitOfWork) -> Outcome:
        return await unit.write(add, event)

    return router

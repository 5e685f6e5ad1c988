"""Makes the observer's schema and queues."""

from __future__ import annotations

import asyncio

from talk import answer

from chassis.migration import migrate
from observer.app import create_service


async def main() -> None:
    """Migrate and declare."""
    service = create_service()
    await migrate(service)
    answer(queues=len(await service.declare()))


if __name__ == "__main__":
    asyncio.run(main())

"""Makes the probe's schema and queues."""

from __future__ import annotations

import asyncio

from talk import answer

from chassis.migration import migrate
from testkit.probe.service import Probe, create_probe


async def main() -> None:
    """Migrate and declare."""
    service = create_probe(Probe())
    await migrate(service)
    answer(queues=len(await service.declare()))


if __name__ == "__main__":
    asyncio.run(main())

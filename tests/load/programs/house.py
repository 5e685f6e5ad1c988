"""The whole fleet in one process, as `frontdesk up` runs it; says when it is ready, and how much memory it holds."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import uvloop
from pydantic import BaseModel
from talk import answer, asked, resident_megabytes, told

from chassis.telemetry import configure_logs
from frontdesk.fleet.house import running_house
from frontdesk.fleet.plan import plan_fleet
from frontdesk.fleet.vendors import Vendors


class Asked(BaseModel):
    """What is wanted."""

    folder: Path
    environment: dict[str, str]
    vendors: dict[str, str]


async def main() -> None:
    """Run until the benchmark is gone."""
    wanted = asked(Asked)
    configure_logs("ERROR")
    plan = plan_fleet(wanted.folder, Vendors(wanted.vendors), wanted.environment)
    async with running_house(plan):
        answer(
            seconds=time.time() - psutil.Process().create_time(),
            gateway=plan.url("gateway"),
            tenancy=plan.url("tenancy"),
        )
        while await told() is not None:
            answer(megabytes=resident_megabytes())


if __name__ == "__main__":
    uvloop.run(main())

"""What of an installation a backup holds: where its database, blobs, files and snapshots are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from frontdesk.fleet.plan import FleetPlan
from frontdesk.fleet.roster import service_points


@dataclass(frozen=True, slots=True)
class Installation:
    """The places of one installation, and the schemas of its services."""

    environment: Mapping[str, str]
    database_url: str
    blob_url: str
    files: Path
    snapshots: Path
    schemas: Sequence[str]


def installation_of(plan: FleetPlan) -> Installation:
    """The installation that a plan's fleet works in."""
    return Installation(
        environment=plan.shared,
        database_url=plan.shared["DATABASE_URL"],
        blob_url=plan.shared["BLOB_URL"],
        files=Path(plan.shared["FILE_MANAGEMENT_LOCAL_ROOT"]),
        snapshots=Path(plan.shared["GATEWAY_SNAPSHOT_PATH"]).parent,
        schemas=[point.module.partition(".")[0] for point in service_points()],
    )

"""Backup and restore of an installation with an amount of data: rows of the journal, and stored documents."""

from __future__ import annotations

from collections.abc import Sequence

from figures import Figure
from ground import Ground, number

NAMES = ("backup_seconds", "restore_seconds", "backup_size", "backup_rpo")
INTERVAL_MINUTES = 30
"""How often docs/runbooks/restore.md takes one."""


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Fill, back up, lose everything, restore; beside each time that of Postgres' programs and of a copy of the documents."""
    scratch = str(ground.folder / "backups")
    found = await ground.run("back_up_and_restore", megabytes=ground.size.megabytes, scratch=scratch)
    backup, restore = number(found, "backup_s"), number(found, "restore_s")
    floors = number(found, "bare_backup_s"), number(found, "bare_restore_s")
    size, held = number(found, "file_mb"), number(found, "database_mb") + number(found, "documents_mb")
    figures = (
        Figure(NAMES[0], round(backup, 1), "s", round(floors[0], 1), round(backup / floors[0], 2)),
        Figure(NAMES[1], round(restore, 1), "s", round(floors[1], 1), round(restore / floors[1], 2)),
        Figure(NAMES[2], round(size), "MB", round(held), round(size / held, 2)),
        # What is written just after one snapshot is safe when the next file is whole.
        Figure(NAMES[3], round(INTERVAL_MINUTES + backup / 60, 1), "min at most", float(INTERVAL_MINUTES)),
    )
    return [figure for figure in figures if figure.name in names]

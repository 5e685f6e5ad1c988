"""`frontdesk backup`, `frontdesk restore`: a small installation in one file, and the way back."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from frontdesk import checkout
from frontdesk.stack import Stack

PASSPHRASE = "FRONTDESK_BACKUP_PASSPHRASE"  # noqa: S105 (a variable's name)


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    target: Annotated[Path, typer.Argument(help="A folder, or a new file that ends in .tar.")],
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help=f"Key ring and tokens too, sealed by {PASSPHRASE} or a question."),
    ] = False,
    keep: Annotated[int | None, typer.Option(help="Keep the newest N of the folder.", min=1)] = None,
) -> None:
    """Write one consistent backup while the fleet runs: database, blobs, filed documents, snapshots."""
    from frontdesk.backup.installation import installation_of
    from frontdesk.backup.taking import take_backup
    from frontdesk.fleet.plan import plan_fleet

    passphrase = _passphrase(twice=True) if with_keys else None
    installation = installation_of(plan_fleet(checkout.local_folder(), None))
    taken = asyncio.run(take_backup(installation, target, passphrase=passphrase, keep=keep))
    rows = sum(taken.manifest.rows.values())
    typer.echo(
        f"{taken.file}: {taken.manifest.size / 1e6:.1f} MB, {rows} rows, {len(taken.manifest.parts)} parts, "
        f"as of {taken.manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC, in {taken.seconds:.1f} s, read again and whole"
    )
    for file in taken.removed:
        typer.echo(f"removed {file}")
    if passphrase is None:
        fingerprints = ", ".join(taken.manifest.keys.values())
        typer.echo(f"the keys are not in it: without the key ring {fingerprints} nothing sealed opens again")


def restore(
    file: Annotated[Path, typer.Argument(help="A backup.", exists=True, dir_okay=False)],
    replace: Annotated[bool, typer.Option("--replace", help="In the place of what is there.")] = False,
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help=f"Take key ring and tokens from it, by {PASSPHRASE} or a question."),
    ] = False,
    keys_lost: Annotated[
        bool, typer.Option("--keys-lost", help="Go on without the keys: what was sealed stays shut for good.")
    ] = False,
) -> None:
    """Put a backup back, bring its schemas up to this release, declare the queues; the fleet must be down."""
    from frontdesk.backup.installation import installation_of
    from frontdesk.backup.restoring import read_keys, restore_backup
    from frontdesk.fleet.house import create_services
    from frontdesk.fleet.plan import leave_taken_ports, plan_fleet
    from frontdesk.stack.secrets import keep_secrets

    folder = checkout.local_folder()
    leave_taken_ports(folder)
    if with_keys:
        keep_secrets(folder, read_keys(file, _passphrase(twice=False)))
    Stack.at(folder).start()
    plan = plan_fleet(folder, None)
    restored = asyncio.run(
        restore_backup(
            installation_of(plan), create_services(plan), file, replace=replace, keys_lost=keys_lost
        )
    )
    typer.echo(
        f"restored {sum(restored.manifest.rows.values())} rows and {len(restored.manifest.parts)} parts as of "
        f"{restored.manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC"
    )
    typer.echo(f"RTO {restored.seconds:.1f} s: from the command to schemas and queues that are ready")
    typer.echo(
        f"RPO {restored.age.total_seconds():.0f} s: what was written after the backup's moment is lost"
    )
    typer.echo(
        "what was sent since then is not known and may be sent again: start with ORCHESTRATOR_PAUSED=true "
        "NOTIFICATION_PAUSED=true and follow docs/runbooks/restore.md"
    )


def _passphrase(*, twice: bool) -> str:
    return os.environ.get(PASSPHRASE) or str(
        typer.prompt("Passphrase", hide_input=True, confirmation_prompt=twice)
    )

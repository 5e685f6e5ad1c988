"""A migration that fails half-way: the schema stands at the last whole revision, and the old release goes on serving."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy.exc import ProgrammingError

from chassis import Service
from chassis.migration import current_revision, migrate
from frontdesk.fleet.roster import environ
from reporting.app import create_service
from testkit.service import running

REVISION = '''"""A revision of the next release."""

from alembic import op

revision = "{number}"
down_revision = "{before}"


def upgrade() -> None:
    op.execute("create table {table} (tenant_id text primary key)")
    op.execute("{more}")


def downgrade() -> None:
    op.execute("drop table {table}")
'''


def next_release(environment: Mapping[str, str], folder: Path) -> tuple[Service, str]:
    """The same service with two more revisions, of which the second fails after its first statement."""
    with environ(environment):
        service = create_service()
    shutil.copytree(service.migrations, folder, dirs_exist_ok=True)
    newest = sorted((folder / "versions").glob("0*.py"))[-1].read_text(encoding="utf-8")
    head = newest.split("revision = ")[1].splitlines()[0].strip("\"'")
    for number, before, table, more in (
        ("9001", head, "whole", "select 1"), ("9002", "9001", "half", "select nothing_there from whole"),
    ):  # fmt: skip
        text = REVISION.format(number=number, before=before, table=table, more=more)
        (folder / "versions" / f"{number}_{table}.py").write_text(text, encoding="utf-8")
    service.migrations = folder
    return service, "9001"


async def test_a_migration_that_fails_half_way_leaves_the_old_release_serving(
    environment: dict[str, str], tmp_path: Path
) -> None:
    async with running(create_service, environment) as old:
        new, last_whole = next_release(environment, tmp_path / "migrations")

        with pytest.raises(ProgrammingError, match="nothing_there"):
            await migrate(new)

        assert (await current_revision(new))[0] == last_whole
        async with old.service.units.reading("acme") as session:
            found = await session.connection()
            tables = (await found.exec_driver_sql("select to_regclass('whole'), to_regclass('half')")).one()
        assert tables[0] is not None
        assert tables[1] is None
        assert (await old.http.get("/readyz")).json() == {"ready": True, "notes": []}

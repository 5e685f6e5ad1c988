"""A backup of a running house, the loss of everything, and the way back; RPO and RTO are printed, never judged."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from chassis import Service
from chassis.migration import migrate, migrate_down
from chassis.settings import database_role
from contracts.values import BlobRef
from frontdesk.backup import archive
from frontdesk.backup.errors import BackupError
from frontdesk.backup.installation import Installation
from frontdesk.backup.restoring import read_keys, restore_backup
from frontdesk.backup.taking import Taken, take_backup
from frontdesk.fleet.roster import environ
from frontdesk.stack import Stack, place_of_its_own
from reporting.app import create_service as create_reporting
from tenancy.app import create_service as create_tenancy
from testkit.service import RunningService, running
from testkit.stack import name_of_this_session
from testkit.tenancy import SMTP

TENANT, OTHER = "muster", "nachbar"
PASSPHRASE = "ein langer Satz über Schlüssel"
BODY = "Ein Grundriss äöüß".encode()


@dataclass
class Place:
    """Where the house stands."""

    stack: Stack
    name: str
    environment: Mapping[str, str]
    installation: Installation


@dataclass
class Rehearsal:
    """What was answered before, and what the backup took."""

    place: Place
    taken: Taken
    answers: dict[str, Any]
    blob: BlobRef


@pytest.fixture(scope="module")
def place(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    name, folder = name_of_this_session(), tmp_path_factory.mktemp("installation")
    with place_of_its_own(stack, name) as environment:
        installation = Installation(
            environment=environment, database_url=environment["DATABASE_URL"], blob_url=environment["BLOB_URL"],
            files=folder / "files", snapshots=folder / "gateway", schemas=["tenancy", "reporting"],
        )  # fmt: skip
        yield Place(stack, name, environment, installation)


@pytest.fixture(scope="module")
async def rehearsal(place: Place, tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    """A house with rows made through its API is backed up while it runs, and then everything is lost."""
    place.installation.files.mkdir()
    (place.installation.files / "Exposé.txt").write_bytes(BODY)
    place.installation.snapshots.mkdir()
    (place.installation.snapshots / "hooks.sealed").write_text("sealed")
    async with AsyncExitStack() as house:
        tenancy, reporting = await _house(house, place)
        for tenant in (TENANT, OTHER):
            answer = await tenancy.http.put(f"/api/v1/tenants/{tenant}", json=_document(tenant))
            assert answer.is_success, answer.text
        ref = await tenancy.service.blobs.put(TENANT, BODY, "text/plain")
        await _journal_has(reporting, 2)
        answers = await _answers(tenancy, reporting)
        taken = await take_backup(
            place.installation, tmp_path_factory.mktemp("backups"), passphrase=PASSPHRASE, keep=2
        )
        lost = await tenancy.http.put("/api/v1/tenants/zu-spaet", json=_document("zu-spaet"))
        assert lost.is_success
    return Rehearsal(place, taken, answers, ref)


async def test_after_the_loss_of_everything_the_house_answers_as_before(rehearsal: Rehearsal) -> None:
    place = rehearsal.place
    place.stack.drop_database(place.name)
    place.stack.create_database(place.name)
    for folder in (
        place.installation.files,
        place.installation.snapshots,
        Path(urlsplit(place.installation.blob_url).path),
    ):
        shutil.rmtree(folder)

    restored = await restore_backup(place.installation, _services(place), rehearsal.taken.file)
    async with AsyncExitStack() as house:
        tenancy, reporting = await _house(house, place)
        answers = await _answers(tenancy, reporting)
        blob = await tenancy.service.blobs.get(TENANT, rehearsal.blob)

    assert answers == rehearsal.answers
    assert blob == BODY == (place.installation.files / "Exposé.txt").read_bytes()
    assert (place.installation.snapshots / "hooks.sealed").read_text() == "sealed"
    rows = sum(restored.manifest.rows.values())
    print(
        f"\nRPO {restored.age.total_seconds():.1f} s, RTO {restored.seconds:.1f} s, backup {rehearsal.taken.seconds:.1f} s: "
        f"{rows} rows, {restored.manifest.size / 1e6:.2f} MB"
    )


async def test_tenants_are_kept_apart_after_a_restore_and_roles_reach_their_own_schema_alone(
    rehearsal: Rehearsal,
) -> None:
    place = rehearsal.place
    await restore_backup(place.installation, _services(place), rehearsal.taken.file, replace=True)
    settings = _services(place)[0].settings
    owner = await asyncpg.connect(place.installation.database_url)
    parts = urlsplit(place.installation.database_url)
    service = await asyncpg.connect(
        host=parts.hostname, port=parts.port, database=place.name,
        user=database_role("tenancy"), password=settings.database_password("tenancy"),
    )  # fmt: skip
    try:
        forced = await owner.fetch(
            "select relname from pg_class where relnamespace = 'tenancy'::regnamespace and relkind = 'r' "
            "and relrowsecurity and relforcerowsecurity"
        )
        owners = await owner.fetch("select distinct tableowner from pg_tables where schemaname = 'tenancy'")
        async with service.transaction():
            unknown = await service.fetchval("select count(*) from tenants")
            await service.execute("select set_config('app.tenant_id', $1, true)", OTHER)
            seen = await service.fetch("select tenant_id from tenants")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.fetch("select * from reporting.entries")
    finally:
        await service.close()
        await owner.close()

    assert "tenants" in {row["relname"] for row in forced}
    assert [row["tableowner"] for row in owners] == ["frontdesk_tenancy_owner"]
    assert unknown == 0
    assert [row["tenant_id"] for row in seen] == [OTHER]


async def test_a_restore_over_rows_and_one_beside_a_running_fleet_are_refused(rehearsal: Rehearsal) -> None:
    place = rehearsal.place
    with pytest.raises(BackupError, match=r"not empty: \d+ rows .*--replace"):
        await restore_backup(place.installation, _services(place), rehearsal.taken.file)

    async with running(create_tenancy, place.environment):
        with pytest.raises(BackupError, match="the fleet runs: frontdesk_tenancy"):
            await restore_backup(place.installation, _services(place), rehearsal.taken.file, replace=True)


async def test_a_backup_under_another_key_ring_is_refused_and_its_keys_open_by_the_passphrase(
    rehearsal: Rehearsal,
) -> None:
    place, file = rehearsal.place, rehearsal.taken.file
    strange = dataclasses.replace(
        place.installation, environment={**place.environment, "FRONTDESK_MASTER_KEY": "eA" + "A" * 41 + "="}
    )

    with pytest.raises(BackupError, match="not in this installation's key ring"):
        await restore_backup(strange, _services(place), file, replace=True)
    with pytest.raises(BackupError, match="do not open with this passphrase"):
        read_keys(file, "ein anderer Satz")
    assert read_keys(file, PASSPHRASE)["FRONTDESK_MASTER_KEY"] == place.environment["FRONTDESK_MASTER_KEY"]
    assert place.environment["FRONTDESK_MASTER_KEY"].encode() not in file.read_bytes()


async def test_a_backup_of_a_newer_release_is_refused_and_nothing_is_touched(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    place = rehearsal.place
    revision = await _execute(place, "select version_num from tenancy.alembic_version")
    await _execute(place, "update tenancy.alembic_version set version_num = '9999'")
    newer = await take_backup(place.installation, tmp_path / "newer.tar")
    await _execute(place, "update tenancy.alembic_version set version_num = $1", revision)

    with pytest.raises(BackupError, match="newer release: tenancy stands at revision 9999"):
        await restore_backup(place.installation, _services(place), newer.file, replace=True)
    assert await _execute(place, "select count(*) from tenancy.tenants") == 2


async def test_a_restore_that_fails_halfway_leaves_the_database_that_was(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    place = rehearsal.place
    broken = tmp_path / "broken.tar"
    manifest = archive.read_checked(rehearsal.taken.file)
    parts = {name: content.read() for name, content in archive.parts_of(rehearsal.taken.file)}
    with archive.written(broken) as writing:
        for name, content in parts.items():
            short = content[: len(content) * 9 // 10] if name == archive.DATABASE else content
            writing.add_bytes(name, short)
        writing.close_with(manifest.model_copy(update={"parts": writing.parts}))

    with pytest.raises(BackupError, match=r"(pg_restore|psql) failed"):
        await restore_backup(place.installation, _services(place), broken, replace=True)
    assert await _execute(place, "select count(*) from tenancy.tenants") == 2


async def test_documents_that_cannot_be_put_back_leave_the_database_that_was(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    place = rehearsal.place
    in_the_way = tmp_path / "blobs"
    in_the_way.write_text("no folder")
    elsewhere = dataclasses.replace(place.installation, blob_url=in_the_way.as_uri())
    rows = await _execute(place, "select count(*) from tenancy.tenants")

    with pytest.raises(BackupError, match="blobs and files cannot be put back, the database is as it was"):
        await restore_backup(elsewhere, _services(place), rehearsal.taken.file, replace=True)
    assert await _execute(place, "select count(*) from tenancy.tenants") == rows


async def test_a_folder_that_takes_no_file_is_told_and_what_a_killed_backup_left_goes(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    (tmp_path / "no folder").write_text("")
    killed = [tmp_path / ".frontdesk-20200101T000000000000Z.tar.unfinished", tmp_path / ".frontdesk-scratch"]
    killed[0].write_text("half")
    killed[1].mkdir()
    for left in killed:
        os.utime(left, (0, 0))

    with pytest.raises(BackupError, match=r"no backup was written to .*no folder.*what was begun is removed"):
        await take_backup(rehearsal.place.installation, tmp_path / "no folder" / "backups")
    taken = await take_backup(rehearsal.place.installation, tmp_path / "one.tar")

    assert {file.name for file in tmp_path.iterdir()} == {"no folder", taken.file.name}


async def test_only_the_newest_of_a_folder_are_kept(rehearsal: Rehearsal) -> None:
    folder = rehearsal.taken.file.parent
    (folder / "frontdesk-20200101T000000000000Z.tar").write_bytes(b"old")
    (folder / "anderes.tar").write_bytes(b"not ours")

    taken = await take_backup(rehearsal.place.installation, folder, keep=2)

    assert [file.name for file in taken.removed] == ["frontdesk-20200101T000000000000Z.tar"]
    assert {file.name for file in folder.iterdir()} == {
        rehearsal.taken.file.name,
        taken.file.name,
        "anderes.tar",
    }


async def test_rows_of_an_older_release_are_restored_and_migrated(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    place = rehearsal.place
    tenancy, _ = services = _services(place)
    await migrate_down(tenancy)
    await migrate(tenancy, "0001")
    words = {"signature": "S", "imprint": "I", "ai_notice": "N"}
    await _execute(
        place,
        "insert into tenancy.directory (tenant_id, name, hooks_version) values ('von-frueher', 'Früher', 3)",
    )
    await _execute(
        place,
        "insert into tenancy.tenants values ('von-frueher', 7, 'Früher', 'office@a.test', 'Früher', 'agent@a.test', $1, "
        "'Europe/Vienna', 'de', 'draft', '[]', false, 20, 10, 200, 'builtin', 'local', '{year}', '{date}', now())",
        json.dumps({"de": words, "en": words}),
    )
    old = await take_backup(place.installation, tmp_path / "old.tar")
    place.stack.drop_database(place.name)
    place.stack.create_database(place.name)

    await restore_backup(place.installation, services, old.file)
    async with running(create_tenancy, place.environment) as running_tenancy:
        profile = (await running_tenancy.http.get("/internal/tenants/von-frueher/profile")).json()
        versions = (await running_tenancy.http.get("/api/v1/tenants/von-frueher/versions")).json()["versions"]

    assert old.manifest.schemas["tenancy"].revision == "0001"
    assert (profile["name"], profile["version"]) == ("Früher", 7)
    assert [(line["version"], line["actor"]) for line in versions] == [(7, "migration 0002")]


async def _house(house: AsyncExitStack, place: Place) -> tuple[RunningService, RunningService]:
    return (
        await house.enter_async_context(running(create_tenancy, place.environment)),
        await house.enter_async_context(running(create_reporting, place.environment)),
    )


def _services(place: Place) -> list[Service]:
    with environ({"HTTP_PORT": "1", **place.environment}):
        return [create_tenancy(), create_reporting()]


def _document(tenant: str) -> dict[str, Any]:
    words = {
        "signature": "Ihr Team",
        "imprint": "Müßig GmbH, Wien",
        "ai_notice": "Diese Antwort schrieb eine KI.",
    }
    return {
        "tenant_id": tenant, "name": "Müßig & Söhne", "mailbox": f"office@{tenant}.test", "display_name": "Müßig",
        "agent_email": f"agent@{tenant}.test", "texts": {"de": words, "en": words}, "credentials": {"smtp": SMTP},
    }  # fmt: skip


async def _answers(tenancy: RunningService, reporting: RunningService) -> dict[str, Any]:
    """What the house says: the profile, a secret that was sealed, the audit, the journal."""
    asked = {
        "profile": (tenancy.http, f"/internal/tenants/{TENANT}/profile", {}),
        "secret": (tenancy.http, f"/internal/tenants/{TENANT}/credentials/smtp", {}),
        "versions": (tenancy.http, f"/api/v1/tenants/{TENANT}/versions", {}),
        "late": (tenancy.http, "/internal/tenants/zu-spaet/profile", {}),
        "journal": (reporting.http, "/api/v1/journal", {"X-Tenant-Id": TENANT}),
    }
    return {name: await _answer(*question) for name, question in asked.items()}


async def _answer(http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> tuple[int, Any]:
    answer = await http.get(path, headers=headers)
    return answer.status_code, answer.json() if answer.is_success else None


async def _journal_has(reporting: RunningService, least: int) -> None:
    """Wait until what was said about the tenant is in the journal, and no more comes."""
    async with asyncio.timeout(30):
        seen = -1
        while True:
            _, page = await _answer(reporting.http, "/api/v1/journal", {"X-Tenant-Id": TENANT})
            now = len((page or {}).get("entries", ()))
            if now >= least and now == seen:
                return
            seen = now
            await asyncio.sleep(0.3)


async def _execute(place: Place, sql: str, *values: Any) -> Any:
    connection = await asyncpg.connect(place.installation.database_url)
    try:
        return await connection.fetchval(sql, *values)
    finally:
        await connection.close()

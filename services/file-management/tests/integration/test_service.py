"""The whole service on the real broker and database: every document is filed once, and the record says where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import func, select

from contracts.documents.v1 import DocumentFiled, FileDocument
from contracts.envelope import new_id
from contracts.tenants.v1 import CredentialsChanged
from file_management.app import create_service
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running
from testkit.tenancy import TenancyStub, profile, tenancy_stub


@dataclass
class Office:
    """A tenant, and the running service."""

    tenant_id: str
    service: RunningService
    tenancy: TenancyStub
    sandbox: Sandbox
    local_root: Path

    def configure(self, *, secret: str = "geheim", **changes: object) -> None:
        credential = {
            "authority_url": self.sandbox.address("graph_login"),
            "base_url": self.sandbox.address("graph"),
            "client_id": "app",
            "client_secret": secret,
            "directory_id": "acme-directory",
            "user": f"{self.tenant_id}@acme.test",
        }
        self.tenancy.add(profile(self.tenant_id, **changes), graph=credential)
        self.service.service.tenants.forget(self.tenant_id)

    async def command(self, data: bytes, *, document_id: str = "", **changes: object) -> FileDocument:
        values: dict[str, object] = {
            "document_id": document_id or new_id(),
            "lead_id": "lead-1",
            "person": "Käthe Müßig",
            "object_reference": "W-17",
            "filename": "scan.pdf",
            "category": "income_proof",
            "received_on": date(2026, 11, 20),
            "blob": await self.service.service.blobs.put(self.tenant_id, data, "application/pdf"),
        }
        return FileDocument.model_validate(values | changes)

    async def say(self, command: FileDocument, *, message_id: str | None = None) -> None:
        await self.service.wire.say(command, tenant_id=self.tenant_id, message_id=message_id)

    async def filed(self, command: FileDocument, *, within: float = 20) -> DocumentFiled:
        return await self.service.wire.heard(
            DocumentFiled, lambda event: event.document_id == command.document_id, within=within
        )

    async def in_onedrive(self) -> list[str]:
        drives = cast("dict[str, list[dict[str, object]]]", await self.sandbox.state("graph"))
        items = drives.get(f"{self.tenant_id}@acme.test", [])
        return sorted(str(item["path"]) for item in items if item["kind"] == "file")

    async def parked_for(self, credential: str) -> bool:
        service = self.service.service
        table = service.database.tables.outbox
        statement = select(func.count()).where(
            table.c.tenant_id == self.tenant_id, table.c.parked_for == credential
        )
        async with service.database.connection() as connection:
            return (await connection.execute(statement)).scalar_one() > 0

    async def dead_letter(self) -> str | None:
        letters = await self.service.service.dead_letters.listed()
        return next((letter.error for letter in letters if letter.tenant_id == self.tenant_id), None)

    async def get(self, path: str) -> object:
        answer = await self.service.http.get(path, headers={"X-Tenant-Id": self.tenant_id})
        return answer.json()


@pytest.fixture
async def office(environment: Mapping[str, str], sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Office]:
    await sandbox.clear_faults()
    await sandbox.reset("graph")
    await sandbox.seed("graph", clients=[{"client_id": "app", "client_secret": "geheim"}])
    async with tenancy_stub() as tenancy:
        own = {"TENANCY_URL": tenancy.url, "FILE_MANAGEMENT_LOCAL_ROOT": str(tmp_path / "files")}
        async with running(create_service, {**environment, **own}) as service:
            office = Office(f"acme-{new_id()[-12:]}", service, tenancy, sandbox, tmp_path / "files")
            office.configure(file_store="onedrive")
            yield office
    await sandbox.clear_faults()


async def test_a_document_is_filed_in_the_tenants_onedrive_and_the_record_says_where(office: Office) -> None:
    command = await office.command(b"Gehalt")
    await office.say(command)
    event = await office.filed(command)
    assert event.store == "onedrive"
    assert event.path == "2026/Käthe Müßig/Einkommensnachweis/2026-11-20 Einkommensnachweis Käthe Müßig.pdf"
    assert event.url is not None
    assert await office.in_onedrive() == [f"/{event.path}"]
    assert await office.get(f"/api/v1/files/{command.document_id}") == event.model_dump(mode="json")
    assert await office.get("/api/v1/files?lead_id=lead-1") == [event.model_dump(mode="json")]
    assert await office.get("/api/v1/files?lead_id=lead-2") == []


async def test_a_document_is_filed_on_the_disk_where_the_tenant_has_no_onedrive(office: Office) -> None:
    office.configure(
        file_store="local", language="en", folder_template="{object}", filename_template="{category}"
    )
    command = await office.command(b"Gehalt")
    await office.say(command)
    event = await office.filed(command)
    assert (event.store, event.path) == ("local", "W-17/Proof of income.pdf")
    assert (office.local_root / office.tenant_id / event.path).read_bytes() == b"Gehalt"


async def test_another_tenant_sees_nothing_of_it(office: Office) -> None:
    command = await office.command(b"Gehalt")
    await office.say(command)
    await office.filed(command)
    answer = await office.service.http.get(
        f"/api/v1/files/{command.document_id}", headers={"X-Tenant-Id": "somebody-else"}
    )
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_command_that_comes_again_files_nothing_again(office: Office) -> None:
    command = await office.command(b"Gehalt")
    for message_id in ("0198-a" + office.tenant_id, "0198-a" + office.tenant_id, "0198-b" + office.tenant_id):
        await office.say(command, message_id=message_id)
    other = await office.command(b"Gehalt")
    await office.say(other)
    first, second = await office.filed(command), await office.filed(other)
    assert first.external_id != second.external_id
    assert len(await office.in_onedrive()) == 2


async def test_a_file_that_arrived_while_its_answer_was_lost_is_filed_once(office: Office) -> None:
    await office.sandbox.fault("graph", "commit_then_cut", method="PUT")
    command = await office.command(b"Gehalt")
    await office.say(command)
    event = await office.filed(command, within=30)
    assert await office.in_onedrive() == [f"/{event.path}"]


async def test_a_wrong_secret_waits_for_the_tenant_and_then_goes_on(office: Office) -> None:
    office.configure(file_store="onedrive", secret="falsch")
    command = await office.command(b"Gehalt")
    await office.say(command)
    await until(lambda: office.parked_for("graph"))
    assert await office.in_onedrive() == []
    office.configure(file_store="onedrive", secret="geheim")
    await office.service.wire.say(
        CredentialsChanged(tenant_id=office.tenant_id, credential="graph"), tenant_id=office.tenant_id
    )
    event = await office.filed(command)
    assert await office.in_onedrive() == [f"/{event.path}"]


async def test_a_template_that_nobody_understands_is_a_dead_letter_with_its_reason(office: Office) -> None:
    office.configure(file_store="onedrive", folder_template="{kunde}")
    await office.say(await office.command(b"Gehalt"))

    async def said() -> bool:
        return "names {kunde}; there are {year}" in (await office.dead_letter() or "")

    await until(said)
    assert await office.in_onedrive() == []


async def until(reached: Callable[[], Awaitable[bool]], *, within: float = 20) -> None:
    """Wait for something that no message tells of."""
    async with asyncio.timeout(within):
        while not await reached():
            await asyncio.sleep(0.05)

"""What every file store must do, run against each of them: OneDrive (simulated, over HTTP) and the local disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr

from file_management.adapters.local_disk import LocalDisk
from file_management.adapters.microsoft_login import AppRegistration, MicrosoftLogin
from file_management.adapters.onedrive.adapter import SMALL, OneDrive
from file_management.adapters.onedrive.client import DriveClient
from file_management.application.ports import FileStore
from file_management.domain.content import Content
from file_management.domain.place import Place
from testkit.sandbox import TO_THE_SANDBOX, Sandbox

PLACE = Place(("2026", "Käthe Müßig", "Einkommensnachweis"), "2026-11-20 Gehaltsabrechnung #1 100%.pdf")


@dataclass
class Candidate:
    """A store, and a look behind it: path → size of every file."""

    store: FileStore
    files: Callable[[], Awaitable[dict[str, int]]]


@pytest.fixture(params=["local", "onedrive"])
async def candidate(
    request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox
) -> AsyncIterator[Candidate]:
    if request.param == "local":
        root = tmp_path / "files" / "acme"

        async def on_disk() -> dict[str, int]:
            found = (path for path in root.rglob("*") if path.is_file())
            return {str(path.relative_to(root)): path.stat().st_size for path in found}

        yield Candidate(LocalDisk(tmp_path / "files", "acme"), on_disk)
        return
    await sandbox.reset("graph")
    registration = AppRegistration(
        sandbox.address("graph_login"), "acme-directory", "app", SecretStr("geheim")
    )
    client = DriveClient(
        sandbox.address("graph"),
        "office@acme.test",
        MicrosoftLogin(registration, TO_THE_SANDBOX),
        guard=TO_THE_SANDBOX,
    )

    async def in_the_cloud() -> dict[str, int]:
        drives = cast("dict[str, list[dict[str, object]]]", await sandbox.state("graph"))
        items = drives.get("office@acme.test", [])
        return {
            str(item["path"]).lstrip("/"): cast(int, item["size"]) for item in items if item["kind"] == "file"
        }

    yield Candidate(OneDrive(client), in_the_cloud)
    await client.aclose()


def content(data: bytes) -> Content:
    return Content(data, "application/pdf")


async def test_a_file_is_kept_in_the_folders_of_its_place(candidate: Candidate) -> None:
    stored = await candidate.store.put(PLACE, content(b"eins"))
    assert stored.path == PLACE.path
    assert stored.external_id
    assert await candidate.files() == {PLACE.path: 4}


async def test_a_taken_name_gets_a_number_and_nothing_is_overwritten(candidate: Candidate) -> None:
    paths = [(await candidate.store.put(PLACE, content(b"x" * size))).path for size in (1, 2, 3)]
    assert len(set(paths)) == 3
    assert paths[0] == PLACE.path
    assert sorted((await candidate.files()).values()) == [1, 2, 3]


async def test_files_of_the_same_name_at_the_same_time_all_stay(candidate: Candidate) -> None:
    stored = await asyncio.gather(*(candidate.store.put(PLACE, content(b"x" * size)) for size in range(1, 9)))
    assert len({file.external_id for file in stored}) == 8
    files = await candidate.files()
    assert sorted(files.values()) == list(range(1, 9))
    assert set(files) == {file.path for file in stored}


async def test_a_file_is_found_by_its_content_and_under_its_number(candidate: Candidate) -> None:
    await candidate.store.put(PLACE, content(b"eins"))
    second = await candidate.store.put(PLACE, content(b"zwei"))
    assert [file.external_id for file in await candidate.store.find(PLACE, content(b"zwei"))] == [
        second.external_id
    ]
    assert await candidate.store.find(PLACE, content(b"drei")) == []


async def test_a_file_of_the_same_content_but_another_name_is_not_taken_for_it(candidate: Candidate) -> None:
    await candidate.store.put(Place(PLACE.folders, "Anderes.pdf"), content(b"eins"))
    assert await candidate.store.find(PLACE, content(b"eins")) == []


async def test_where_no_folder_is_nothing_is_found(candidate: Candidate) -> None:
    assert await candidate.store.find(PLACE, content(b"eins")) == []
    assert await candidate.files() == {}


async def test_an_empty_file_is_kept(candidate: Candidate) -> None:
    stored = await candidate.store.put(PLACE, content(b""))
    assert await candidate.files() == {PLACE.path: 0}
    assert [file.path for file in await candidate.store.find(PLACE, content(b""))] == [stored.path]


async def test_a_large_file_is_kept_whole_and_never_over_another(candidate: Candidate) -> None:
    large = bytes(range(256)) * (3 * SMALL // 256)
    first = await candidate.store.put(PLACE, content(large))
    second = await candidate.store.put(PLACE, content(large[::-1]))
    assert first.path != second.path
    assert set((await candidate.files()).values()) == {len(large)}
    assert [file.external_id for file in await candidate.store.find(PLACE, content(large))] == [
        first.external_id
    ]


async def test_a_file_without_folders_lies_at_the_top(candidate: Candidate) -> None:
    place = Place((), "Vertrag.docx")
    assert (await candidate.store.put(place, content(b"x"))).path == "Vertrag.docx"
    assert [file.path for file in await candidate.store.find(place, content(b"x"))] == ["Vertrag.docx"]

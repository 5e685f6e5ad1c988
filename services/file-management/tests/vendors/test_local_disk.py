"""What only a disk can do wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.envelope import InvalidEnvelope
from file_management.adapters.local_disk import LocalDisk, OutsideRoot
from file_management.domain.content import Content
from file_management.domain.place import Place

CONTENT = Content(b"x", "text/plain")


async def test_a_link_out_of_the_tenants_folder_is_not_followed(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / "files" / "acme").mkdir(parents=True)
    (tmp_path / "files" / "acme" / "2026").symlink_to(elsewhere)
    with pytest.raises(OutsideRoot):
        await LocalDisk(tmp_path / "files", "acme").put(Place(("2026",), "a.txt"), CONTENT)
    assert list(elsewhere.iterdir()) == []


async def test_nothing_half_written_is_left_when_the_disk_refuses(tmp_path: Path) -> None:
    disk = LocalDisk(tmp_path, "acme")
    (tmp_path / "acme").mkdir()
    (tmp_path / "acme" / "2026").write_text("a file where a folder must be")
    with pytest.raises(OSError):
        await disk.put(Place(("2026",), "a.txt"), CONTENT)
    assert [path.name for path in (tmp_path / "acme").iterdir()] == ["2026"]


def test_a_tenant_is_no_path(tmp_path: Path) -> None:
    with pytest.raises(InvalidEnvelope):
        LocalDisk(tmp_path, "../acme")

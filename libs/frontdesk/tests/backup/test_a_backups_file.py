"""A backup is whole or refused, and the refusal names the part."""

from __future__ import annotations

import resource
from datetime import UTC, datetime
from pathlib import Path

import pytest

from frontdesk.backup import archive, keys, stores
from frontdesk.backup.errors import BackupError
from frontdesk.backup.manifest import FORM, Manifest

MANIFEST = Manifest(
    version="0.1.0", taken_at=datetime(2026, 3, 1, 12, tzinfo=UTC), postgres=18, schemas={}, rows={}, keys={},
    with_keys=False, parts={},
)  # fmt: skip
PARTS = {
    archive.DATABASE: b"rows" * 500,
    "blobs/muster/one": b"b" * 3000,
    "files/Exposé.txt": "äöüß".encode(),
}


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    return write(tmp_path / "frontdesk-1.tar")


def write(file: Path, **changes: object) -> Path:
    with archive.written(file) as writing:
        for name, content in PARTS.items():
            writing.add_bytes(name, content)
        writing.close_with(MANIFEST.model_copy(update={"parts": writing.parts, **changes}))
    return file


def write_all(file: Path, parts: dict[str, bytes | None], manifest: Manifest) -> None:
    """Write these parts; None is a file that is gone."""
    with archive.written(file) as writing:
        for name, content in parts.items():
            if content is None:
                writing.add_file(name, file.with_name("gone"))
            else:
                writing.add_bytes(name, content)
        writing.close_with(manifest)


def test_what_was_written_is_read_again(backup: Path) -> None:
    manifest = archive.read_checked(backup)
    found = {name: content.read() for name, content in archive.parts_of(backup)}

    assert found == PARTS
    assert manifest.size == sum(len(content) for content in PARTS.values())
    assert backup.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", PARTS)
def test_a_changed_part_is_refused_by_its_name(backup: Path, name: str) -> None:
    content = backup.read_bytes()
    place = content.index(PARTS[name])
    backup.write_bytes(content[:place] + b"X" + content[place + 1 :])

    with pytest.raises(BackupError, match=f"the part {name} was changed"):
        archive.read_checked(backup)


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (0, "its beginning"),
        (1500, archive.DATABASE),
        (3000, archive.DATABASE),
        (6700, "one"),
        (8000, "Exposé"),
    ],
)
def test_a_file_that_was_cut_off_is_refused_wherever_the_cut_is(
    backup: Path, length: int, words: str
) -> None:
    backup.write_bytes(backup.read_bytes()[:length])

    with pytest.raises(BackupError, match=f"cut off.*{words}"):
        archive.read_checked(backup)


def test_a_file_of_a_newer_form_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="newer release"):
        write(tmp_path / "newer.tar", form=FORM + 1)


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    whole = archive.read_checked(write(tmp_path / "whole.tar"))

    with pytest.raises(BackupError, match="the part blobs/muster/one is missing"):
        write_all(tmp_path / "b.tar", {archive.DATABASE: PARTS[archive.DATABASE]}, whole)


def test_a_backup_that_fails_halfway_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_all(tmp_path / "frontdesk-1.tar", {archive.DATABASE: b"rows", "files/gone": None}, MANIFEST)

    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_leaves_nothing_and_the_reason_is_said(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(
        resource.RLIMIT_FSIZE, (2000, hard)
    )  # as near to a full disk as a test gets without one
    try:
        with pytest.raises(OSError, match="File too large"):
            write(tmp_path / "frontdesk-1.tar")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert list(tmp_path.iterdir()) == []


def test_keys_open_by_their_passphrase_alone() -> None:
    values = dict.fromkeys(keys.NAMES, "geheim")
    sealed = keys.seal_keys(values, "ein langer Satz")

    assert keys.open_keys(sealed, "ein langer Satz") == values
    assert b"geheim" not in sealed
    with pytest.raises(BackupError, match="do not open"):
        keys.open_keys(sealed, "ein anderer Satz")
    with pytest.raises(BackupError, match="12 are the least"):
        keys.seal_keys(values, "kurz")


def test_a_ring_has_a_backups_keys_whatever_their_ids_are() -> None:
    assert keys.lacking({"1": "aa", "2": "bb"}, {"new": "cc", "x": "aa", "y": "bb"}) == []
    assert keys.lacking({"1": "aa", "2": "bb"}, {"1": "bb"}) == ["1"]


def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="outside"):
        stores.place_below(tmp_path, "../../etc/passwd")


def test_a_blob_that_is_damaged_in_the_store_is_told_of(tmp_path: Path) -> None:
    blob = tmp_path / "muster" / ("0" * 64)
    blob.parent.mkdir()
    blob.write_bytes(b"something else")

    with pytest.raises(BackupError, match="damaged"):
        list(stores.blobs(stores.open_store(tmp_path.as_uri())))


def test_a_store_in_memory_cannot_be_backed_up() -> None:
    with pytest.raises(BackupError, match="memory"):
        stores.open_store("memory://")

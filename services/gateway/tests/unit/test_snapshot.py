from __future__ import annotations

import stat
from base64 import b64encode
from pathlib import Path

from pydantic import SecretStr

from chassis.keyring import KeyRing
from contracts.tenants.hooks import HookSettings, WhatsappSettings
from gateway.adapters.snapshot import SealedSnapshot
from gateway.domain.hook import Hook

HOOKS = (
    Hook("h-1", "muster", "mime", "hmac", ("gehüim-und-lang".encode(), b"\xff\x00"), HookSettings()),
    Hook(
        "h-2",
        "muster",
        "whatsapp",
        "whatsapp",
        (b"s",),
        WhatsappSettings(verify_token="v" * 16),
        suspended=True,
    ),
)


def ring(*keys: tuple[str, int]) -> KeyRing:
    return KeyRing.from_secret(
        SecretStr(",".join(f"{name}:{b64encode(bytes([fill]) * 32).decode()}" for name, fill in keys))
    )


def names_in(folder: Path) -> list[str]:
    return [entry.name for entry in folder.iterdir()]


async def test_hooks_come_back_from_disk_with_their_secrets(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "hooks.sealed"
    await SealedSnapshot(path, ring(("a", 1))).save(HOOKS)

    assert await SealedSnapshot(path, ring(("b", 2), ("a", 1))).load() == HOOKS


async def test_the_snapshot_shows_nothing_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "hooks.sealed"
    await SealedSnapshot(path, ring(("a", 1))).save(HOOKS)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "muster" not in path.read_text()
    assert names_in(tmp_path) == ["hooks.sealed"]


async def test_a_snapshot_that_is_missing_damaged_or_under_a_lost_key_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "hooks.sealed"
    snapshot = SealedSnapshot(path, ring(("a", 1)))
    assert await snapshot.load() is None
    await snapshot.save(HOOKS)

    assert await SealedSnapshot(path, ring(("b", 2))).load() is None
    path.write_bytes(path.read_bytes()[:40])
    assert await snapshot.load() is None
    path.write_bytes(b"\xff\xfe")
    assert await snapshot.load() is None


async def test_a_disk_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    snapshot = SealedSnapshot(tmp_path / "file" / "hooks.sealed", ring(("a", 1)))

    await snapshot.save(HOOKS)

    assert await snapshot.load() is None

"""The key ring of a backup: its fingerprint always, the keys themselves only under a passphrase."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import SecretStr

from chassis.keyring import KeyRing
from frontdesk.backup.errors import BackupError

NAMES = ("FRONTDESK_MASTER_KEY", "FRONTDESK_SERVICE_TOKEN", "FRONTDESK_ADMIN_TOKEN")
SHORTEST = 12
_SALT, _NONCE = 16, 12
_CONTEXT = b"frontdesk backup keys 1"


def fingerprints(environment: Mapping[str, str]) -> dict[str, str]:
    """What tells this installation's keys from others, by id."""
    return dict(KeyRing.from_secret(SecretStr(environment["FRONTDESK_MASTER_KEY"])).fingerprints)


def lacking(wanted: Mapping[str, str], own: Mapping[str, str]) -> list[str]:
    """The ids of a backup's keys that this ring does not have; ids may differ, keys count."""
    there = set(own.values())
    return [key_id for key_id, fingerprint in wanted.items() if fingerprint not in there]


def seal_keys(environment: Mapping[str, str], passphrase: str) -> bytes:
    """Key ring and tokens under a passphrase (scrypt, n = 2^16, then AES-256-GCM). Raises `BackupError` when it is short."""
    if len(passphrase) < SHORTEST:
        raise BackupError(f"the passphrase has {len(passphrase)} characters; {SHORTEST} are the least")
    plain = json.dumps({name: environment[name] for name in NAMES}).encode()
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    return salt + nonce + _cipher(passphrase, salt).encrypt(nonce, plain, _CONTEXT)


def open_keys(sealed: bytes, passphrase: str) -> dict[str, str]:
    """What `seal_keys` sealed. Raises `BackupError` when the passphrase is another."""
    salt, nonce, box = sealed[:_SALT], sealed[_SALT : _SALT + _NONCE], sealed[_SALT + _NONCE :]
    try:
        found: dict[str, str] = json.loads(_cipher(passphrase, salt).decrypt(nonce, box, _CONTEXT))
    except InvalidTag as error:
        raise BackupError("the keys in the backup do not open with this passphrase") from error
    return found


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=2**16, r=8, p=1).derive(passphrase.encode()))

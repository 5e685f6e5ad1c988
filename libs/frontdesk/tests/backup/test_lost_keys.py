"""The master key is gone for good: a backup still comes back, what was sealed stays shut, and is entered anew."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chassis import Service
from chassis.migration import migrate
from frontdesk.backup.installation import Installation
from frontdesk.backup.restoring import restore_backup
from frontdesk.backup.taking import take_backup
from frontdesk.fleet.roster import environ
from tenancy.app import create_service
from testkit.postgres import own_postgres
from testkit.service import running
from testkit.tenancy import SMTP

WORDS = {
    "signature": "Ihr Team",
    "imprint": "Müßig GmbH, Wien",
    "ai_notice": "Diese Antwort schrieb eine KI.",
}
DOCUMENT = {
    "tenant_id": "muster", "name": "Müßig", "mailbox": "office@muster.test", "display_name": "Müßig",
    "agent_email": "agent@muster.test", "texts": {"de": WORDS, "en": WORDS}, "credentials": {"smtp": SMTP},
}  # fmt: skip


@pytest.fixture
def with_the_key(environment: dict[str, str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """On a server of its own: roles have passwords by the master key, and the others' tests have theirs."""
    with own_postgres() as postgres:
        blobs = (tmp_path / "blobs").as_uri()
        yield {**environment, "DATABASE_URL": postgres.server.url(), "BLOB_URL": blobs}


async def test_without_its_keys_a_backup_comes_back_and_what_was_sealed_is_entered_anew(
    with_the_key: dict[str, str], tmp_path: Path
) -> None:
    without = {
        **with_the_key,
        "FRONTDESK_MASTER_KEY": base64.b64encode(b"another key, thirty-two bytes...").decode(),
    }
    (service,) = services(with_the_key)
    await migrate(service)
    async with running(create_service, with_the_key) as tenancy:
        assert (await tenancy.http.put("/api/v1/tenants/muster", json=DOCUMENT)).is_success
    taken = await take_backup(installation(with_the_key, tmp_path), tmp_path / "one.tar")

    await restore_backup(
        installation(without, tmp_path), services(without), taken.file, replace=True, keys_lost=True
    )

    async with running(create_service, without) as tenancy:
        profile = await tenancy.http.get("/internal/tenants/muster/profile")
        sealed = await tenancy.http.get("/internal/tenants/muster/credentials/smtp")
        entered = await tenancy.http.put("/api/v1/tenants/muster", json=DOCUMENT)
        opened = await tenancy.http.get("/internal/tenants/muster/credentials/smtp")
    assert profile.json()["name"] == "Müßig"
    assert sealed.status_code == 500
    assert "set the credential anew" in sealed.json()["detail"]
    assert entered.is_success
    assert opened.json()["values"]["password"] == "Geheim-ß-1"


def installation(environment: Mapping[str, str], folder: Path) -> Installation:
    return Installation(
        environment=environment, database_url=environment["DATABASE_URL"], blob_url=environment["BLOB_URL"],
        files=folder / "files", snapshots=folder / "gateway", schemas=["tenancy"],
    )  # fmt: skip


def services(environment: Mapping[str, str]) -> list[Service]:
    with environ({"HTTP_PORT": "1", **environment}):
        return [create_service()]

"""A mail server, spoken to over IMAP: what its answers and failures mean to us."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from pydantic import SecretStr

from contracts.envelope import new_id
from contracts.tenants.http_v1 import Credential
from email_ingest.adapters.imap.adapter import server_of
from email_ingest.adapters.imap.client import ImapConnection, ImapServer
from email_ingest.adapters.imap.mapping import ImapFolderMissing, ImapRefused, ImapUnavailable
from testkit.sandbox import TO_THE_SANDBOX, Sandbox
from vendorkit import PUBLIC_ONLY, Guard


@pytest.fixture
async def server(sandbox: Sandbox) -> AsyncIterator[ImapServer]:
    address = f"{new_id()[-12:]}@post.test"
    await sandbox.mail.create_mailbox(address, "geheim")
    host, _, port = sandbox.address("imap").rpartition(":")
    ca_pem = await asyncio.to_thread(Path(sandbox.address("ca")).read_text)
    yield ImapServer(host, int(port), "starttls", address, SecretStr("geheim"), ca_pem)
    await sandbox.mail.clear_faults()


async def connected(server: ImapServer) -> ImapConnection:
    connection = ImapConnection(server, TO_THE_SANDBOX)
    await asyncio.to_thread(connection.connect)
    return connection


def letter(subject: str = "Anfrage", message_id: str = "<a@example.org>") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = "a@example.org", subject, message_id
    message.set_content("Grüße aus Köln")
    return message


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_letter_is_fetched_as_it_lies_there_and_stays_unread(
    sandbox: Sandbox, server: ImapServer, security: str
) -> None:
    port = sandbox.address("imap" if security == "starttls" else "imaps").rpartition(":")[2]
    connection = await connected(replace(server, port=int(port), security=security))
    await sandbox.mail.deliver(server.username, letter())
    assert connection.select("INBOX")[1] == 2
    assert connection.uids_after(0) == [1]
    assert connection.uids_after(1) == []
    fetched = connection.fetch(1, 1_000_000)
    (stored,) = await sandbox.mail.folder(server.username)
    assert fetched is not None
    assert fetched.raw.replace(b"\r\n", b"\n") == stored.raw_base64.replace(b"\r\n", b"\n")
    assert "\\Seen" not in stored.flags
    connection.close()


async def test_of_a_letter_that_is_too_large_only_the_header_is_fetched(
    sandbox: Sandbox, server: ImapServer
) -> None:
    await sandbox.mail.deliver(server.username, letter("Lang"))
    connection = await connected(server)
    connection.select("INBOX")
    fetched = connection.fetch(1, 10)
    assert fetched is not None
    assert not fetched.whole
    assert b"Subject: Lang" in fetched.raw
    assert b"K=C3=B6ln" not in fetched.raw
    connection.close()


async def test_a_letter_that_somebody_deleted_meanwhile_is_no_failure(server: ImapServer) -> None:
    connection = await connected(server)
    connection.select("INBOX")
    assert connection.fetch(7, 1_000) is None
    connection.close()


async def test_letters_are_found_by_the_time_at_which_the_server_received_them(
    sandbox: Sandbox, server: ImapServer
) -> None:
    border = datetime(2026, 11, 18, 12, tzinfo=UTC)
    for hours in (-30, -1, 1, 30):
        at = (border + timedelta(hours=hours)).isoformat()
        await sandbox.mail.deliver(server.username, letter(message_id=f"<{hours}@x.test>"), received_at=at)
    connection = await connected(server)
    connection.select("INBOX")
    since = connection.received(border, None)
    before = connection.received(None, border)
    assert (len(since), len(before)) == (2, 2)
    assert not set(since) & set(before)
    connection.close()


async def test_waiting_ends_when_the_server_has_news(sandbox: Sandbox, server: ImapServer) -> None:
    connection = await connected(server)
    connection.select("INBOX")
    connection.wait(0.1)  # leaves the short first wait behind
    for _ in range(4):
        connection.wait(0.01)
    waiting = asyncio.create_task(asyncio.to_thread(connection.wait, 500.0))
    await sandbox.mail.deliver(server.username, letter())
    async with asyncio.timeout(60):
        await waiting
    assert connection.uids_after(0) == [1]
    connection.close()


async def test_a_connection_that_is_cut_ends_the_wait_in_it(server: ImapServer) -> None:
    connection = await connected(server)
    connection.select("INBOX")
    failed = threading.Event()

    def wait() -> None:
        try:
            while True:
                connection.wait(500.0)
        except ImapUnavailable:
            failed.set()

    waiting = asyncio.create_task(asyncio.to_thread(wait))
    await asyncio.sleep(0.2)
    connection.cut()
    async with asyncio.timeout(30):
        await waiting
    assert failed.is_set()


async def test_a_copy_is_put_into_the_folder_that_the_server_marks_as_sent(
    sandbox: Sandbox, server: ImapServer
) -> None:
    connection = await connected(server)
    folder = connection.sent_folder()
    assert folder == "Sent"
    assert not connection.holds(folder, "<copy@acme.test>")
    connection.append(folder, letter(message_id="<copy@acme.test>").as_bytes(), datetime.now(UTC))
    assert connection.holds(folder, "<copy@acme.test>")
    (stored,) = await sandbox.mail.folder(server.username, "Sent")
    assert stored.flags == ["\\Seen"]
    connection.close()


async def test_the_folder_that_was_entered_is_made_when_it_is_missing(
    sandbox: Sandbox, server: ImapServer
) -> None:
    connection = await connected(replace(server, sent_folder="Gesendete Objekte"))
    with pytest.raises(ImapFolderMissing, match="Gesendete Objekte"):
        connection.select("Gesendete Objekte")
    connection.append("Gesendete Objekte", letter().as_bytes(), datetime.now(UTC))
    assert len(await sandbox.mail.folder(server.username, "Gesendete Objekte")) == 1
    connection.close()


async def test_a_wrong_password_is_refused_and_asks_for_the_credential(server: ImapServer) -> None:
    with pytest.raises(ImapRefused, match="enter the credential 'imap' anew") as caught:
        await connected(replace(server, password=SecretStr("falsch")))
    assert caught.value.credential == "imap"


async def test_a_password_with_an_umlaut_is_accepted(sandbox: Sandbox, server: ImapServer) -> None:
    await sandbox.mail.create_mailbox(server.username, "größer-ist-schöner")
    connection = await connected(replace(server, password=SecretStr("größer-ist-schöner")))
    assert connection.select("INBOX")[1] == 1
    connection.close()


@pytest.mark.parametrize(("stage", "action"), [("login", "unavailable"), ("connect", "cut")])
async def test_a_server_in_trouble_is_no_wrong_password(
    sandbox: Sandbox, server: ImapServer, stage: str, action: str
) -> None:
    await sandbox.mail.fault("imap", stage, action, times=1)
    with pytest.raises(ImapUnavailable) as caught:
        await connected(server)
    assert not caught.value.ambiguous


async def test_a_server_without_the_right_certificate_is_not_given_the_password(server: ImapServer) -> None:
    with pytest.raises(ImapUnavailable, match=r"(?i)certificate"):
        await connected(replace(server, ca_pem=None))


def test_a_credential_that_names_no_server_is_refused_in_words_for_people() -> None:
    values = {"host": SecretStr(""), "port": SecretStr("imap"), "password": SecretStr("x")}
    with pytest.raises(ImapRefused, match="must have host, port"):
        server_of(Credential(name="imap", version=1, values=values))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.25", "0x7f.1"])
async def test_a_mail_server_that_is_not_on_the_public_internet_waits_for_the_tenant(
    server: ImapServer, host: str
) -> None:
    connection = ImapConnection(replace(server, host=host), PUBLIC_ONLY)
    with pytest.raises(ImapRefused, match="FRONTDESK_OUTWARD_ALLOW"):
        await asyncio.to_thread(connection.connect)


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_the_certificate_must_be_the_names_although_the_connection_goes_to_a_checked_address(
    sandbox: Sandbox, server: ImapServer, security: str
) -> None:
    port = int(sandbox.address("imap" if security == "starttls" else "imaps").rpartition(":")[2])
    elsewhere = replace(server, host="mail.somebody-else.example", port=port, security=security)
    to_the_sandbox = Guard(TO_THE_SANDBOX.allowed, lambda host, port: ["127.0.0.1"])
    with pytest.raises(ImapUnavailable, match="Hostname mismatch"):
        await asyncio.to_thread(ImapConnection(elsewhere, to_the_sandbox).connect)

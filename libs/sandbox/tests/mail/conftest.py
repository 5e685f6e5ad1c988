"""A running mail world, its control plane by HTTP, and real clients for SMTP and IMAP."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import httpx
import pytest
from imapclient import IMAPClient
from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.mail import MailServers


@dataclass
class World:
    """The servers under test, with short ways to do what every test does."""

    servers: MailServers
    control: httpx.AsyncClient

    async def post(self, path: str, body: dict[str, object], status: int = 201) -> httpx.Response:
        """Ask the control plane for something and expect this status."""
        response = await self.control.post(path, json=body)
        assert response.status_code == status, response.text
        return response

    async def mailbox(self, address: str, password: str = "right horse: 1") -> str:
        """A mailbox with this password."""
        await self.post("/mailboxes", {"address": address, "password": password})
        return address

    async def sent(self, **filters: str) -> list[dict[str, object]]:
        """What SMTP accepted."""
        return (await self.control.get("/sent", params=filters)).json()["sent"]

    async def folder(self, address: str, folder: str = "INBOX") -> list[bytes]:
        """The letters in a folder, byte by byte."""
        messages = (await self.control.get(f"/mailboxes/{address}/{folder}")).json()["messages"]
        return [base64.b64decode(message["raw_base64"]) for message in messages]

    def trust(self) -> ssl.SSLContext:
        """TLS as a careful client does it."""
        return ssl.create_default_context(cafile=self.servers.addresses()["ca"])

    def smtp(
        self, user: str | None, password: str = "right horse: 1", *, tls: bool = True
    ) -> aiosmtplib.SMTP:
        """A client, not yet connected."""
        host, port = self.servers.addresses()["smtp"].split(":")
        return aiosmtplib.SMTP(
            hostname=host,
            port=int(port),
            username=user,
            password=password if user else None,
            start_tls=tls,
            tls_context=self.trust() if tls else None,
            timeout=3,
        )

    @contextmanager
    def imap(self, address: str, password: str = "right horse: 1") -> Iterator[IMAPClient]:
        """A logged-in client over TLS (blocking: use it in a thread)."""
        port = int(self.servers.addresses()["imaps"].split(":")[1])
        client = IMAPClient("localhost", port, ssl=True, ssl_context=self.trust(), timeout=5)
        try:
            client.login(address, password)
            yield client
        finally:
            client.shutdown()


def write_letter(
    sender: str, to: str, message_id: str = "<one@kunde.example>", text: str = "Schöne Grüße"
) -> bytes:
    """A small German letter."""
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = sender, to, message_id
    message["Subject"] = "Besichtigung am Müggelsee"
    message.set_content(text)
    return message.as_bytes()


@pytest.fixture(scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    servers = MailServers()
    await servers.start(tmp_path_factory.mktemp("a-state-folder-with-a-name-that-is-" + "long-" * 12))
    app = Starlette(routes=[Mount("/_sandbox/mail", routes=servers.routes())])
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://sandbox/_sandbox/mail")
    async with client:
        yield World(servers, client)
    await servers.stop()


@pytest.fixture
async def world(running: World) -> World:
    await running.post("/reset", {}, status=204)
    return running


@pytest.fixture
def letter() -> Callable[..., bytes]:
    return write_letter


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"

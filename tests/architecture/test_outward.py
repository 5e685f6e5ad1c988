"""No service opens a connection outward past vendorkit's guard; each way around it is tried once on a copy."""

import shutil
from pathlib import Path

import pytest

from testkit.architecture import doors
from testkit.architecture.tree import ServiceFolder, Tree

ROOT = Path(__file__).parents[2]
SERVICES = Tree(ROOT).services()


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_leaves_connections_outward_to_vendorkit(service: ServiceFolder) -> None:
    assert doors.flaws(service) == []


def test_every_exception_is_needed() -> None:
    assert doors.unneeded(SERVICES) == []


@pytest.mark.parametrize(
    ("code", "flaw"),
    [
        ("import httpx\n\nCLIENT = httpx.AsyncClient()\n", "httpx.AsyncClient"),
        ("from httpx import AsyncClient as Friend\n\nCLIENT = Friend()\n", "httpx.AsyncClient"),
        ("import httpx as h\n\nANSWER = h.get('http://169.254.169.254/')\n", "httpx.get"),
        (
            "from chassis.clients import service_client\n\nCLIENT = service_client('http://a')\n",
            "chassis.clients.service_client",
        ),
        ("import httpx2\n\nCLIENT = httpx2.Client()\n", "httpx2.Client"),
        ("import requests\n", "requests"),
        ("from urllib import request\n", "urllib.request"),
        ("import smtplib\n", "smtplib"),
        ("import aiosmtplib\n\nSMTP = aiosmtplib.SMTP()\n", "aiosmtplib.SMTP"),
        ("from imapclient import IMAPClient\n\nIMAP = IMAPClient('mail.example')\n", "imapclient.IMAPClient"),
        ("import socket\n\nS = socket.create_connection(('a', 1))\n", "socket.create_connection"),
        ("import asyncio\n\nS = asyncio.open_connection('a', 1)\n", "asyncio.open_connection"),
        (
            "import asyncio\n\nS = asyncio.get_running_loop().create_connection(str, 'a')\n",
            "create_connection",
        ),
    ],
)
def test_a_way_around_the_guard_is_found(tmp_path: Path, code: str, flaw: str) -> None:
    shutil.copytree(
        ROOT / "services" / "notification",
        tmp_path / "notification",
        ignore=shutil.ignore_patterns(".*", "tests"),
    )
    service = ServiceFolder(tmp_path / "notification")
    (service.source / "adapters" / "elsewhere.py").write_text(code)

    assert any(flaw in sentence for sentence in doors.flaws(service))

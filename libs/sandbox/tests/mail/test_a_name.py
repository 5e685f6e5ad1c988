"""Mail servers that others reach by a name, as in a network of containers."""

from __future__ import annotations

import asyncio
import json
import smtplib
import ssl
import sys
from pathlib import Path

import httpx
from cryptography import x509


async def test_by_its_name_the_servers_are_told_of_and_trusted(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "--host", "127.0.0.1", "--name", "sandbox", "--state-dir", str(tmp_path),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        await process.stdout.readline()
        addresses = json.loads(await process.stdout.readline())
        ports = {name: int(addresses[name].rpartition(":")[2]) for name in ("sandbox", "smtp", "imap")}
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{ports['sandbox']}", trust_env=False
        ) as http:
            authority = (await http.get("/_sandbox/mail/ca")).text
        names = await asyncio.to_thread(_names_that_are_shown, ports["smtp"], authority)
    finally:
        process.terminate()
        await process.wait()

    assert addresses["control"] == f"http://sandbox:{ports['sandbox']}/_sandbox"
    assert addresses["imap"] == f"sandbox:{ports['imap']}"
    assert names == ["localhost", "sandbox"]


def _names_that_are_shown(port: int, authority: str) -> list[str]:
    """Names of the certificate that the SMTP server shows, to a client that trusts this authority alone."""
    context = ssl.create_default_context(cadata=authority)
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.starttls(context=context)
        assert isinstance(client.sock, ssl.SSLSocket)
        shown = x509.load_der_x509_certificate(client.sock.getpeercert(binary_form=True) or b"")
    return shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
        x509.DNSName
    )

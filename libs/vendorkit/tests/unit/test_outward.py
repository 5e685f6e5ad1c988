"""Where a connection may go, by its address as it is written, as it is resolved, and as it is redirected."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel

from sandbox.mail.certificate import server_certificate
from vendorkit import (
    ANYWHERE,
    PUBLIC_ONLY,
    AddressRefused,
    Guard,
    VendorAuthExpired,
    VendorClient,
    VendorContractBroken,
    VendorRejected,
    VendorUnavailable,
    outward_blocking_http_client,
    outward_http_client,
    url_flaw,
)
from vendorkit.addresses import AllowList, why_not_public

TIMEOUT = httpx.Timeout(2.0)

EVIL_ADDRESSES = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254",
    "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::7f00:1", "::a9fe:a9fe", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "100::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1", "2001:10::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "3fff::1", "5f00::1", "fc00::1",
    "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fec0::1", "ff02::1",
]  # fmt: skip
PUBLIC_ADDRESSES = [
    "1.1.1.1", "93.184.216.34", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255",
    "::ffff:93.184.216.34", "64:ff9b::5db8:d822", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:82f::200e",
]  # fmt: skip
EVIL_HOSTS = [
    "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.",
    "00000127.0.0.1", "127.0.0.0x1", "1.1.1.256", "169.254.169.254.", "[::1]", "[::ffff:127.0.0.1]", "fe80::1%eth0",
    "[fe80::1%25eth0]", "１２７.0.0.1", "127。0。0。1", "①②⑦.0.0.1", "a b", "a@127.0.0.1", "127.0.0.1#a", "a/b", "a\\b",
    "a\r\nb", "", "a" * 300,
]  # fmt: skip
EVIL_URLS = [
    "http://127.0.0.1/", "http://127.0.0.1:8001/internal/tenants", "http://localhost:8001/", "http://LOCALHOST./",
    "http://app.localhost/", "http://[::1]/", "http://[::]/", "http://[::ffff:7f00:1]/", "http://0/", "http://127.1/",
    "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://169.254.169.254/latest/meta-data/",
    "http://[fd00:ec2::254]/latest/", "http://168.63.129.16/", "https://vendor.example@127.0.0.1/",
    "https://user:pass@vendor.example/", "https://vendor.example:22/", "https://vendor.example:25/",
    "ftp://vendor.example/", "file:///etc/passwd", "gopher://vendor.example/", "//vendor.example/", "vendor.example",
    "https://", "http://[fe80::1%25lo]/", "https://vendor.example:99999/", "http://１２７.０.０.１/",
]  # fmt: skip


class Names:
    """A name server: each question is answered by the next list, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Door:
    """A listening address that counts who came, and answers HTTP."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.requests: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.requests.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(self.answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def door(
    address: str = "127.0.0.1",
    port: int = 0,
    answer: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Door]:
    made = Door(answer)
    server = await asyncio.start_server(made.serve, address, port, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


def guard(names: Names, *allowed: str) -> Guard:
    return Guard(AllowList.parse(",".join(allowed)), names)


@pytest.mark.parametrize("text", EVIL_ADDRESSES)
def test_an_address_that_is_not_public_is_refused_in_every_form(text: str) -> None:
    assert why_not_public(ip_address(text)) is not None
    with pytest.raises(AddressRefused):
        guard(Names([text])).checked("vendor.example", 443, "web")
    with pytest.raises(AddressRefused):
        PUBLIC_ONLY.checked(text, 443, "web")


@pytest.mark.parametrize("text", PUBLIC_ADDRESSES)
def test_a_public_address_is_let_through(text: str) -> None:
    assert guard(Names([text])).checked("vendor.example", 443, "web") == [ip_address(text)]


@pytest.mark.parametrize("host", EVIL_HOSTS)
def test_an_unusual_spelling_of_a_host_is_refused_without_asking_anyone(host: str) -> None:
    names = Names(["93.184.216.34"])
    with pytest.raises(AddressRefused):
        guard(names).checked(host, 443, "web")
    assert names.asked == 0


@pytest.mark.parametrize("url", EVIL_URLS)
def test_an_evil_address_is_a_flaw_where_it_is_entered(url: str) -> None:
    assert url_flaw(PUBLIC_ONLY, url) is not None


@pytest.mark.parametrize("url", [url for url in EVIL_URLS if url.startswith(("http://", "https://"))])
async def test_an_evil_address_is_never_asked(url: str) -> None:
    async with outward_http_client(guard(Names(["127.0.0.1"])), timeout=TIMEOUT) as client:
        # What is no address at all is refused by httpx before the guard sees it.
        with pytest.raises((AddressRefused, httpx.InvalidURL, httpx.UnsupportedProtocol)):
            await client.get(url)


@pytest.mark.parametrize(
    "url",
    ["https://vendor.example/webapp/api/v2", "http://müller.example:8443", "https://vendor.example.:443/"],
)
def test_an_ordinary_address_has_no_flaw(url: str) -> None:
    assert url_flaw(PUBLIC_ONLY, url) is None


@pytest.mark.parametrize(
    "answers",
    [
        ["93.184.216.34", "127.0.0.1"],
        ["2606:2800:220:1::1", "93.184.216.34", "fd00::1"],
        ["93.184.216.34", "fe80::1%eth0"],
    ],
)
def test_a_name_with_one_address_inside_among_public_ones_is_refused(answers: list[str]) -> None:
    with pytest.raises(AddressRefused):
        guard(Names(answers)).checked("mixed.example", 443, "web")


async def test_a_name_that_changes_its_address_after_the_check_leads_to_the_checked_one() -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    async with (
        door() as good,
        door("127.0.0.2", good.port) as inside,
        outward_http_client(guard(names, "127.0.0.1"), timeout=TIMEOUT) as client,
    ):
        assert (await client.get(f"http://rebinding.example:{good.port}/")).status_code == 200
        assert names.asked == 1
        with pytest.raises(AddressRefused):  # a new connection, a new look
            await client.get(f"http://rebinding.example:{good.port}/")
    assert good.requests[0].startswith(b"GET / HTTP/1.1\r\nHost: rebinding.example:")
    assert inside.requests == []


def test_an_allowed_address_does_not_let_another_one_of_the_same_name_through() -> None:
    with pytest.raises(AddressRefused):
        guard(Names(["10.0.0.1", "127.0.0.1"]), "10.0.0.0/8").checked("mixed.example", 443, "web")


async def test_a_user_name_before_the_host_is_refused_wherever_it_leads() -> None:
    async with (
        door() as good,
        outward_http_client(guard(Names(["127.0.0.1"]), "127.0.0.1"), timeout=TIMEOUT) as client,
    ):
        with pytest.raises(AddressRefused, match="user name"):
            await client.get(f"http://vendor.example@evil.example:{good.port}/")
    assert good.requests == []


async def test_a_mail_connection_goes_to_the_checked_address_too() -> None:
    names = Names(["127.0.0.1"], ["127.0.0.2"])
    async with door() as good:
        made = await guard(names, "127.0.0.1").connected_soon("mail.example", good.port, "smtp", seconds=2)
        with made:
            assert made.getpeername() == ("127.0.0.1", good.port)
    assert names.asked == 1


def test_a_library_that_blocks_is_guarded_as_well() -> None:
    with outward_blocking_http_client(PUBLIC_ONLY, timeout=TIMEOUT) as client, pytest.raises(AddressRefused):
        client.get("http://127.0.0.1:9/")


async def test_a_redirect_into_the_house_is_refused() -> None:
    async with door("127.0.0.2") as inside:
        moved = (
            f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.2:{inside.port}/\r\nContent-Length: 0\r\n\r\n"
        )
        async with door(answer=moved.encode()) as outside:
            here = Guard.allowing("127.0.0.1")
            async with outward_http_client(here, timeout=TIMEOUT, follow_redirects=True) as client:
                with pytest.raises(AddressRefused):
                    await client.get(f"http://127.0.0.1:{outside.port}/")
    assert inside.requests == []


async def test_redirects_end() -> None:
    async with door() as circle:
        circle.answer = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{circle.port}/\r\nContent-Length: 0\r\n\r\n".encode()
        async with outward_http_client(
            Guard.allowing("127.0.0.1"), timeout=TIMEOUT, follow_redirects=True
        ) as client:
            with pytest.raises(httpx.TooManyRedirects):
                await client.get(f"http://127.0.0.1:{circle.port}/")
    assert len(circle.requests) == 4


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with door() as good, door("127.0.0.2") as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.2:{proxy.port}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        async with outward_http_client(guard(Names(["127.0.0.1"]), "127.0.0.1"), timeout=TIMEOUT) as client:
            await client.get(f"http://vendor.example:{good.port}/")
    assert len(good.requests) == 1
    assert proxy.requests == []


async def test_tls_verifies_the_name_and_not_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = server_certificate(tmp_path)  # of localhost and of 127.0.0.1
    trusted = ssl.create_default_context(cafile=str(certificate.authority))
    monkeypatch.setattr("vendorkit.transports.trusted_authorities", lambda: trusted)
    shown = certificate.server_context()
    asked: list[str] = []
    shown.sni_callback = lambda _, name, __: asked.append(name)

    async with door(tls=shown) as good:
        here = guard(Names(["127.0.0.1"]), "127.0.0.1")
        async with outward_http_client(here, timeout=TIMEOUT) as client:
            assert (await client.get(f"https://localhost:{good.port}/")).status_code == 200
            with pytest.raises(httpx.ConnectError, match="Hostname mismatch"):
                await client.get(f"https://vendor.example:{good.port}/")
        with (
            outward_blocking_http_client(here, timeout=TIMEOUT) as client,
            pytest.raises(httpx.ConnectError, match="Hostname mismatch"),
        ):
            await asyncio.to_thread(client.get, f"https://vendor.example:{good.port}/")
    assert asked == ["localhost", "vendor.example", "vendor.example"]


async def test_an_address_that_does_not_answer_is_followed_by_the_next_checked_one() -> None:
    async with door() as good:
        names = Names(["127.0.0.3", "127.0.0.1"])
        async with outward_http_client(guard(names, "127.0.0.0/8"), timeout=TIMEOUT) as client:
            assert (await client.get(f"http://vendor.example:{good.port}/")).status_code == 200
        made = await guard(names, "127.0.0.0/8").connected_soon(
            "vendor.example", good.port, "imap", seconds=2
        )
        made.close()


@pytest.mark.parametrize(
    ("use", "port"), [("web", 25), ("web", 993), ("smtp", 443), ("smtp", 143), ("imap", 80)]
)
def test_a_well_known_port_of_another_trade_is_refused(use, port) -> None:
    with pytest.raises(AddressRefused, match=f"port {port}"):
        guard(Names(["93.184.216.34"])).checked("vendor.example", port, use)
    assert guard(Names(["93.184.216.34"]), "93.184.216.34").checked("93.184.216.34", port, use)
    assert guard(Names(["93.184.216.34"]), "vendor.example").checked("vendor.example", port, use)


@pytest.mark.parametrize(
    ("setting", "host", "address", "let_in"),
    [
        ("10.1.2.0/24", "a.example", "10.1.2.3", True),
        ("10.1.2.0/24", "a.example", "10.1.3.3", False),
        ("10.1.2.0/24", "a.example", "::ffff:10.1.2.3", True),
        ("fd12::/16", "a.example", "fd12::9", True),
        ("mail.intern.example", "mail.intern.example", "10.9.9.9", True),
        ("mail.intern.example", "MAIL.intern.example.", "fd00::1", True),
        ("mail.intern.example", "evil.example", "10.9.9.9", False),
        ("mail.intern.example", "mail.intern.example", "127.0.0.1", False),
        ("mail.intern.example", "mail.intern.example", "169.254.169.254", False),
        ("127.0.0.0/8, ::1", "localhost", "::1", True),
    ],
)
def test_what_the_operator_allows_is_let_through_and_nothing_else(setting, host, address, let_in) -> None:
    made = Guard(AllowList.parse(setting), Names([address]))
    if let_in:
        assert made.checked(host, 443, "web")
    else:
        with pytest.raises(AddressRefused):
            made.checked(host, 443, "web")


@pytest.mark.parametrize("setting", ["10.0.0.1/8", "127.1", "a b", "10.0.0.0/99"])
def test_an_allow_list_that_cannot_be_read_says_which_entry(setting: str) -> None:
    with pytest.raises(ValueError, match="FRONTDESK_OUTWARD_ALLOW: '"):
        Guard.allowing(f"192.168.0.0/16, {setting}")


def test_the_operators_own_addresses_may_be_anywhere() -> None:
    assert ANYWHERE.checked("127.0.0.1", 25, "web")
    assert ANYWHERE.checked("::1", 5432, "smtp")


class Anything(BaseModel):
    pass


async def test_a_credential_that_leads_inside_waits_for_the_tenant_and_an_answer_that_does_is_never_followed() -> (
    None
):
    async with VendorClient("acme", "http://10.0.0.7", credential="acme-key") as client:
        with pytest.raises(
            VendorAuthExpired, match=r"credential 'acme-key'.*FRONTDESK_OUTWARD_ALLOW"
        ) as waiting:
            await client.get("/party", Anything)
        with pytest.raises(VendorRejected, match="acme named an address"):
            await client.send("PUT", "http://169.254.169.254/upload")
    assert waiting.value.credential == "acme-key"


async def test_an_answer_that_names_what_is_no_address_is_told_as_broken() -> None:
    async with VendorClient("acme", "https://vendor.example", credential="k") as client:
        with pytest.raises(VendorContractBroken):
            await client.send("PUT", "http://0177.0.0.1/upload")


async def test_a_refusal_does_not_tell_the_tenant_what_lies_behind_a_name() -> None:
    async with VendorClient(
        "acme", "https://evil.example", credential="k", guard=guard(Names(["10.20.30.40"]))
    ) as client:
        with pytest.raises(VendorAuthExpired) as refused:
            await client.get("/party", Anything)
    assert "10.20.30.40" not in str(refused.value)
    assert "private" not in str(refused.value)


async def test_a_name_that_leads_nowhere_is_asked_again_later() -> None:
    def nobody(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    async with VendorClient(
        "acme", "https://gone.example", credential="k", guard=Guard(resolve=nobody)
    ) as client:
        with pytest.raises(VendorUnavailable, match="nothing was sent"):
            await client.get("/party", Anything)


async def test_names_whose_servers_never_answer_hold_up_nobody_else() -> None:
    asked, answered = threading.Semaphore(0), threading.Event()

    def never(host: str, port: int) -> Sequence[str]:
        asked.release()
        answered.wait()
        return []

    slow = [
        asyncio.create_task(Guard(resolve=never).connected_soon("slow.example", 25, "smtp", seconds=20))
        for _ in range(16)
    ]
    await asyncio.to_thread(asked.acquire)
    assert await asyncio.to_thread(lambda: "other work") == "other work"
    with pytest.raises(TimeoutError):
        await Guard(resolve=never).connected_soon("slow.example", 25, "smtp", seconds=0.1)
    answered.set()
    assert all(
        isinstance(outcome, OSError) for outcome in await asyncio.gather(*slow, return_exceptions=True)
    )

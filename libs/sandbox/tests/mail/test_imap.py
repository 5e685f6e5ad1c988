"""The mailboxes as a real IMAP client meets them."""

from __future__ import annotations

import asyncio
import base64
import smtplib
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from imapclient import SEEN, IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError

if TYPE_CHECKING:
    from .conftest import World

Letter = Callable[..., bytes]
EVA = "eva@kunde.example"
MAKLER = "makler@firma.example"


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


async def test_a_new_mailbox_has_inbox_sent_and_drafts_marked_as_such(world: World) -> None:
    await world.mailbox(MAKLER)

    def look() -> dict[str, tuple[bytes, ...]]:
        with world.imap(MAKLER) as client:
            return {name: flags for flags, _, name in client.list_folders()}

    folders = await asyncio.to_thread(look)
    assert set(folders) == {"INBOX", "Sent", "Drafts"}
    assert b"\\Sent" in folders["Sent"]
    assert b"\\Drafts" in folders["Drafts"]


async def test_a_delivered_letter_is_fetched_unchanged_under_the_servers_own_headers(
    world: World, letter: Letter
) -> None:
    await world.mailbox(MAKLER)
    raw = letter(EVA, MAKLER).replace(b"\n", b"\r\n")
    verdict = {"spf": "pass", "dkim": "none", "dmarc": "fail"}
    order = {"to": MAKLER, "raw_base64": _encoded(raw), "authentication": verdict}
    await world.post("/deliver", {**order, "received_at": "2026-01-02T03:04:05Z"})

    def fetch() -> tuple[bytes, datetime]:
        with world.imap(MAKLER) as client:
            client.select_folder("INBOX")
            client.normalise_times = False
            ((_, parts),) = client.fetch([1], ["BODY.PEEK[]", "INTERNALDATE"]).items()
            return parts[b"BODY[]"], parts[b"INTERNALDATE"]

    content, arrived = await asyncio.to_thread(fetch)
    assert content.endswith(raw)
    assert (
        b"Authentication-Results: mx.sandbox.test;\r\n\tspf=pass smtp.mailfrom=eva@kunde.example;" in content
    )
    assert b"dkim=none header.d=kunde.example;\r\n\tdmarc=fail header.from=kunde.example\r\n" in content
    assert arrived == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


async def test_a_forged_verdict_in_our_servers_name_is_taken_out_and_a_foreign_one_stays(
    world: World, letter: Letter
) -> None:
    await world.mailbox(MAKLER)
    forged = b"Authentication-Results: mx.firma.example; dmarc=pass\r\n"
    foreign = b"Authentication-Results: mx.elsewhere.example; dmarc=pass\r\n"
    raw = forged + foreign + letter(EVA, MAKLER).replace(b"\n", b"\r\n")
    order = {"to": MAKLER, "raw_base64": _encoded(raw), "authserv_id": "mx.firma.example"}
    await world.post(
        "/deliver", {**order, "authentication": {"spf": "fail", "dkim": "fail", "dmarc": "fail"}}
    )
    (arrived,) = await world.folder(MAKLER)
    assert arrived.count(b"Authentication-Results: mx.firma.example;") == 1
    assert b"dmarc=fail" in arrived
    assert b"mx.elsewhere.example; dmarc=pass" in arrived


async def test_an_agents_own_letter_lies_in_the_sent_folder_exactly_as_written(
    world: World, letter: Letter
) -> None:
    await world.mailbox(MAKLER)
    raw = letter(MAKLER, EVA)
    order = {"to": MAKLER, "folder": "Sent", "flags": ["\\Seen"], "exact": True, "raw_base64": _encoded(raw)}
    await world.post("/deliver", order)
    assert await world.folder(MAKLER, "Sent") == [raw]


async def test_an_idle_client_hears_of_a_new_letter(world: World, letter: Letter) -> None:
    await world.mailbox(MAKLER)
    idling = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_news() -> list[object]:
        with world.imap(MAKLER) as client:
            client.select_folder("INBOX")
            client.idle()
            loop.call_soon_threadsafe(idling.set)
            news: list[object] = []
            while (1, b"EXISTS") not in news:
                heard = client.idle_check(timeout=10)
                assert heard, "no news within ten seconds"
                news += heard
            client.idle_done()
            return news

    waiting = asyncio.create_task(asyncio.to_thread(wait_for_news))
    await idling.wait()
    await world.post("/deliver", {"to": MAKLER, "raw_base64": _encoded(letter(EVA, MAKLER))})
    assert (1, b"EXISTS") in await waiting


async def test_uids_follow_the_order_of_delivery(world: World, letter: Letter) -> None:
    await world.mailbox(MAKLER)
    for number in range(12):
        raw = letter(EVA, MAKLER, f"<{number}@kunde.example>")
        await world.post("/deliver", {"to": MAKLER, "raw_base64": _encoded(raw)})

    def message_ids() -> list[bytes]:
        with world.imap(MAKLER) as client:
            client.select_folder("INBOX")
            fetched = client.fetch(client.search(), ["ENVELOPE"])
            return [fetched[uid][b"ENVELOPE"].message_id for uid in sorted(fetched)]

    assert await asyncio.to_thread(message_ids) == [
        f"<{number}@kunde.example>".encode() for number in range(12)
    ]


async def test_a_folder_gets_another_uidvalidity_when_ordered_and_when_made_anew(
    world: World, letter: Letter
) -> None:
    await world.mailbox(MAKLER)
    await world.post("/deliver", {"to": MAKLER, "raw_base64": _encoded(letter(EVA, MAKLER))})

    def uidvalidity() -> int:
        with world.imap(MAKLER) as client:
            return client.select_folder("INBOX")[b"UIDVALIDITY"]

    before = await asyncio.to_thread(uidvalidity)
    await world.post("/imap/uidvalidity", {"address": MAKLER}, status=204)
    after = await asyncio.to_thread(uidvalidity)
    assert after != before
    assert len(await world.folder(MAKLER)) == 1
    await world.post("/reset", {}, status=204)
    await world.mailbox(MAKLER)
    assert await asyncio.to_thread(uidvalidity) not in (before, after)
    assert await world.folder(MAKLER) == []


async def test_five_thousand_old_letters_are_delivered_and_found(world: World) -> None:
    await world.mailbox(MAKLER)
    answer = await world.post("/deliver-many", {"to": MAKLER, "generate": {"count": 5000}})
    assert answer.json() == {"delivered": 5000}

    def count() -> tuple[int, int]:
        with world.imap(MAKLER) as client:
            client.select_folder("INBOX")
            return len(client.search(["BEFORE", date(2026, 1, 1)])), len(client.search(["SEEN"]))

    assert await asyncio.to_thread(count) == (5000, 5000)


async def test_old_letters_can_be_given_one_by_one(world: World, letter: Letter) -> None:
    await world.mailbox(MAKLER)
    letters = [
        {
            "raw_base64": _encoded(letter(EVA, MAKLER, f"<{n}@x.example>")),
            "received_at": f"2020-01-0{n}T00:00:00Z",
        }
        for n in (1, 2)
    ]
    await world.post("/deliver-many", {"to": MAKLER, "letters": letters})
    messages = (await world.control.get(f"/mailboxes/{MAKLER}/INBOX")).json()["messages"]
    assert [message["message_id"] for message in messages] == ["<1@x.example>", "<2@x.example>"]
    assert [message["received_at"][:10] for message in messages] == ["2020-01-01", "2020-01-02"]
    assert [message["flags"] for message in messages] == [["\\Seen"]] * 2


async def test_a_flag_set_and_a_letter_appended_by_a_client_are_seen(world: World, letter: Letter) -> None:
    await world.mailbox(MAKLER)
    await world.post("/deliver", {"to": MAKLER, "raw_base64": _encoded(letter(EVA, MAKLER))})
    reply = letter(MAKLER, EVA, text="Gerne!").replace(b"\n", b"\r\n")

    def work() -> None:
        with world.imap(MAKLER) as client:
            client.select_folder("INBOX")
            client.add_flags([1], [SEEN])
            client.append("Sent", reply, flags=[SEEN])

    await asyncio.to_thread(work)
    messages = (await world.control.get(f"/mailboxes/{MAKLER}/INBOX")).json()["messages"]
    assert [message["flags"] for message in messages] == [["\\Seen"]]
    assert await world.folder(MAKLER, "Sent") == [reply]


async def test_lmtp_delivers_into_a_mailbox(world: World, letter: Letter) -> None:
    await world.mailbox(MAKLER)
    host, port = world.servers.addresses()["lmtp"].split(":")

    def send() -> None:
        with smtplib.LMTP(host, int(port)) as client:
            client.sendmail(EVA, [MAKLER], letter(EVA, MAKLER))

    await asyncio.to_thread(send)
    assert len(await world.folder(MAKLER)) == 1


async def test_the_plain_port_offers_starttls(world: World) -> None:
    await world.mailbox(MAKLER)
    host, port = world.servers.addresses()["imap"].split(":")

    def login() -> bytes:
        client = IMAPClient(host, int(port), ssl=False, timeout=10)
        client.starttls(world.trust())
        answer = client.login(MAKLER, "right horse: 1")
        client.logout()
        return answer

    assert b"Logged in" in await asyncio.to_thread(login)


async def test_a_changed_password_holds_at_once(world: World) -> None:
    await world.mailbox(MAKLER, "old")
    assert await _login(world, MAKLER, "old") == "in"
    await world.mailbox(MAKLER, "new")
    assert "AUTHENTICATIONFAILED" in await _login(world, MAKLER, "old")
    assert await _login(world, MAKLER, "new") == "in"


@pytest.mark.parametrize(
    ("action", "said"), [("refuse", "AUTHENTICATIONFAILED"), ("unavailable", "UNAVAILABLE")]
)
async def test_logins_are_refused_as_often_as_ordered(world: World, action: str, said: str) -> None:
    await world.mailbox(MAKLER)
    await world.mailbox(EVA)
    fault = {"server": "imap", "stage": "login", "action": action, "times": 2, "address": MAKLER}
    await world.post("/faults", fault)
    assert await _login(world, EVA) == "in"
    assert [said in await _login(world, MAKLER) for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize("action", ["cut", "reply", "hang"])
async def test_new_connections_are_turned_away_as_often_as_ordered(world: World, action: str) -> None:
    await world.mailbox(MAKLER)
    await world.post("/faults", {"server": "imap", "stage": "connect", "action": action})
    with pytest.raises((IMAPClientError, OSError)):
        await asyncio.to_thread(_enter, world, MAKLER, "right horse: 1")
    assert await _login(world, MAKLER) == "in"


@pytest.mark.parametrize("address", [None, MAKLER])
async def test_an_open_session_is_dropped_when_ordered(world: World, address: str | None) -> None:
    await world.mailbox(MAKLER)
    ready, dropped = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hold() -> None:
        with world.imap(MAKLER) as client:
            loop.call_soon_threadsafe(ready.set)
            asyncio.run_coroutine_threadsafe(dropped.wait(), loop).result(10)
            client.noop()

    holding = asyncio.create_task(asyncio.to_thread(hold))
    await ready.wait()
    await world.post("/imap/drop", {"address": address}, status=204)
    dropped.set()
    with pytest.raises((IMAPClientAbortError, OSError)):
        await holding


async def test_a_letter_for_an_unknown_mailbox_is_refused_with_what_to_do(
    world: World, letter: Letter
) -> None:
    order = {"to": "niemand@firma.example", "raw_base64": _encoded(letter(EVA, MAKLER))}
    answer = await world.post("/deliver", order, status=404)
    assert "POST /_sandbox/mail/mailboxes" in answer.json()["error"]


async def test_an_address_that_is_a_path_gets_no_mailbox(world: World) -> None:
    await world.post("/mailboxes", {"address": "../../etc@x.example", "password": "x"}, status=422)


async def _login(world: World, address: str, password: str = "right horse: 1") -> str:
    try:
        await asyncio.to_thread(_enter, world, address, password)
    except LoginError as error:
        return str(error)
    return "in"


def _enter(world: World, address: str, password: str) -> None:
    with world.imap(address, password):
        pass

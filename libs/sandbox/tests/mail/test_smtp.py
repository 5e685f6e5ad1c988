"""The SMTP server as a real client meets it."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TYPE_CHECKING

import aiosmtplib
import pytest

if TYPE_CHECKING:
    from .conftest import World

Letter = Callable[..., bytes]


async def test_a_letter_sent_with_starttls_and_password_is_kept_byte_by_byte(
    world: World, letter: Letter
) -> None:
    await world.mailbox("makler@firma.example")
    raw = letter("makler@firma.example", "eva@kunde.example", text=".Punkt am Anfang\nGrüße")
    async with world.smtp("makler@firma.example") as client:
        await client.sendmail("makler@firma.example", ["eva@kunde.example", "kopie@kunde.example"], raw)
    (kept,) = await world.sent()
    assert base64.b64decode(str(kept["raw_base64"])) == raw.replace(b"\n", b"\r\n")
    assert kept["recipients"] == ["eva@kunde.example", "kopie@kunde.example"]
    assert (kept["user"], kept["mail_from"], kept["answered"]) == ("makler@firma.example",) * 2 + (True,)
    assert kept["message_id"] == "<one@kunde.example>"


async def test_both_copies_of_one_message_id_are_kept_in_order(world: World, letter: Letter) -> None:
    await world.mailbox("makler@firma.example")
    async with world.smtp("makler@firma.example") as client:
        for text in ("erste", "zweite"):
            raw = letter("makler@firma.example", "eva@kunde.example", "<same@firma.example>", text)
            await client.sendmail("makler@firma.example", ["eva@kunde.example"], raw)
    sent = await world.sent()
    assert [mail["message_id"] for mail in sent] == ["<same@firma.example>"] * 2
    assert [b"zweite" in base64.b64decode(str(mail["raw_base64"])) for mail in sent] == [False, True]


async def test_what_was_sent_can_be_asked_for_by_recipient_and_by_sender(
    world: World, letter: Letter
) -> None:
    await world.mailbox("a@firma.example")
    async with world.smtp("a@firma.example") as client:
        for to in ("eva@kunde.example", "ida@kunde.example"):
            await client.sendmail("a@firma.example", [to], letter("a@firma.example", to))
    assert [mail["recipients"] for mail in await world.sent(to="IDA@kunde.example")] == [
        ["ida@kunde.example"]
    ]
    assert len(await world.sent(**{"from": "a@firma.example"})) == 2
    assert [mail["number"] for mail in await world.sent(after="1")] == [2]
    assert await world.sent(**{"from": "b@firma.example"}) == []


@pytest.mark.parametrize(
    ("user", "password"), [("a@firma.example", "wrong"), ("unknown@firma.example", "any")]
)
async def test_a_wrong_password_or_unknown_user_is_refused_with_535(
    world: World, user: str, password: str
) -> None:
    await world.mailbox("a@firma.example")
    with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
        await world.smtp(user, password).connect()
    assert refused.value.code == 535


async def test_without_tls_every_command_is_refused_with_530(world: World) -> None:
    client = world.smtp(None, tls=False)
    async with client:
        await client.ehlo()
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
            await client.mail("a@firma.example")
    assert refused.value.code == 530
    assert "STARTTLS" in refused.value.message


async def test_with_tls_but_without_password_sending_is_refused_with_530(world: World) -> None:
    async with world.smtp(None) as client:
        with pytest.raises(aiosmtplib.SMTPSenderRefused) as refused:
            await client.mail("a@firma.example")
    assert refused.value.code == 530


async def test_a_bounce_with_the_null_sender_is_accepted(world: World, letter: Letter) -> None:
    await world.mailbox("a@firma.example")
    async with world.smtp("a@firma.example") as client:
        await client.sendmail("", ["eva@kunde.example"], letter("a@firma.example", "eva@kunde.example"))
    assert [mail["mail_from"] for mail in await world.sent()] == [""]


@pytest.mark.parametrize(
    ("stage", "code"),
    [("mail", 451), ("rcpt", 550), ("data", 451), ("message", 552), ("connect", 421), ("mail", 421)],
)
async def test_an_ordered_refusal_is_given_as_often_as_ordered_and_keeps_nothing(
    world: World, letter: Letter, stage: str, code: int
) -> None:
    await world.mailbox("a@firma.example")
    await world.post(
        "/faults", {"server": "smtp", "stage": stage, "action": "reply", "code": code, "times": 2}
    )
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPException) as refused:
            await _send(world, letter)
        assert _code(refused.value) == code
    assert await world.sent() == []
    await _send(world, letter)
    assert len(await world.sent()) == 1


async def test_a_fault_without_a_count_lasts_until_the_faults_are_cleared(
    world: World, letter: Letter
) -> None:
    await world.mailbox("a@firma.example")
    fault = {"server": "smtp", "stage": "auth", "action": "reply", "code": 454, "times": None}
    await world.post("/faults", fault)
    for _ in range(2):
        with pytest.raises(aiosmtplib.SMTPAuthenticationError) as refused:
            await _send(world, letter)
        assert refused.value.code == 454
    await world.control.delete("/faults")
    await _send(world, letter)
    assert len(await world.sent()) == 1


@pytest.mark.parametrize("stage", ["connect", "mail", "rcpt", "data", "message"])
async def test_a_connection_cut_before_the_letter_was_accepted_keeps_nothing(
    world: World, letter: Letter, stage: str
) -> None:
    await world.mailbox("a@firma.example")
    await world.post("/faults", {"server": "smtp", "stage": stage, "action": "cut"})
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await _send(world, letter)
    assert await world.sent() == []


@pytest.mark.parametrize("action", ["accept_then_cut", "accept_then_hang"])
async def test_a_letter_accepted_whose_answer_is_lost_is_kept_and_marked(
    world: World, letter: Letter, action: str
) -> None:
    await world.mailbox("a@firma.example")
    await world.post("/faults", {"server": "smtp", "stage": "message", "action": action})
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await _send(world, letter)
    assert [mail["answered"] for mail in await world.sent()] == [False]
    await _send(world, letter)
    assert [mail["answered"] for mail in await world.sent()] == [False, True]


async def test_a_fault_for_one_address_spares_the_others(world: World, letter: Letter) -> None:
    await world.mailbox("a@firma.example")
    fault = {
        "server": "smtp",
        "stage": "rcpt",
        "action": "reply",
        "code": 550,
        "address": "Voll@kunde.example",
    }
    await world.post("/faults", fault)
    raw = letter("a@firma.example", "eva@kunde.example")
    async with world.smtp("a@firma.example") as client:
        refused, _ = await client.sendmail(
            "a@firma.example", ["eva@kunde.example", "voll@kunde.example"], raw
        )
    assert list(refused) == ["voll@kunde.example"]
    assert [mail["recipients"] for mail in await world.sent()] == [["eva@kunde.example"]]


async def test_a_letter_to_one_of_our_mailboxes_arrives_there(world: World, letter: Letter) -> None:
    await world.mailbox("a@firma.example")
    await world.mailbox("agentin@firma.example")
    raw = letter("a@firma.example", "agentin@firma.example")
    async with world.smtp("a@firma.example") as client:
        await client.sendmail("a@firma.example", ["Agentin@firma.example"], raw)
    (arrived,) = await world.folder("agentin@firma.example")
    assert arrived.endswith(raw.replace(b"\n", b"\r\n"))
    assert b"Return-Path: <a@firma.example>\r\n" in arrived
    assert b"dmarc=pass header.from=firma.example" in arrived


async def test_a_letter_that_claims_another_author_arrives_with_a_failed_verdict(
    world: World, letter: Letter
) -> None:
    await world.mailbox("stranger@kunde.example")
    await world.mailbox("agentin@firma.example")
    async with world.smtp("stranger@kunde.example") as client:
        raw = letter("chefin@firma.example", "agentin@firma.example")
        await client.sendmail("stranger@kunde.example", ["agentin@firma.example"], raw)
    (arrived,) = await world.folder("agentin@firma.example")
    assert b"dmarc=fail" in arrived


async def test_a_fault_that_cannot_be_is_refused_with_the_reason(world: World) -> None:
    answer = await world.post("/faults", {"server": "smtp", "stage": "login", "action": "refuse"}, status=422)
    assert "smtp has the stages" in answer.text


async def _send(world: World, letter: Letter) -> None:
    async with world.smtp("a@firma.example") as client:
        raw = letter("a@firma.example", "eva@kunde.example")
        await client.sendmail("a@firma.example", ["eva@kunde.example"], raw)


def _code(error: aiosmtplib.SMTPException) -> int | None:
    if isinstance(error, aiosmtplib.SMTPRecipientsRefused):
        return error.recipients[0].code
    return error.code if isinstance(error, aiosmtplib.SMTPResponseException) else None

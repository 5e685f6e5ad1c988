"""Nothing that a stranger sends is lost or breaks the house."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from email_ingest.domain.letter import Company
from email_ingest.domain.read_letter import read_letter

COMPANY = Company("office@muster.test", "chef@muster.test", "mx.muster.test")
NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
HEADS = [
    b"From: a@b.example\r\n", b"From: =?utf-8?B?4pyT?= <", b"Subject: =?x?q?=FF?=\r\n", b"Date: Mon, 99 Foo\r\n",
    b"Content-Type: multipart/mixed; boundary=x\r\n", b"Content-Type: text/html; charset=utf-7\r\n",
    b"Content-Type: message/rfc822\r\n", b"Content-Transfer-Encoding: base64\r\n", b"\r\n", b"--x\r\n", b"--x--\r\n",
    b"Content-Type: multipart/alternative; boundary=x\r\n", b"Content-Disposition: attachment; filename*=x''%\r\n",
    b"<table><tr><td>Name:</td><td><p>", b"<openimmo_feedback>", b"\xff\x00\xfe", b"Message-ID: <\r\n", b"> \r\n",
    b"Content-Type: application/ms-tnef\r\n", b"\x78\x9f\x3e\x22\x01\x00", b"On 1 wrote:\r\n", b"Von: x\r\n",
    b"Authentication-Results: mx.muster.test; dmarc=\r\n", b"Content-Type: text/plain; charset*=\xe4''a\r\n",
]  # fmt: skip


def read(raw: bytes, **how: bool):
    letter = read_letter(raw, COMPANY, NOW, **how)
    for text in (letter.subject, letter.text, letter.external_id, letter.sender.name or "", *letter.problems):
        assert "\x00" not in text
        text.encode("utf-8")
    assert len(letter.content_hash) == 64
    assert letter.sent_at.tzinfo is not None
    return letter


@given(
    st.one_of(
        st.binary(max_size=2000),
        st.lists(st.one_of(st.sampled_from(HEADS), st.binary(max_size=20)), max_size=25).map(b"".join),
    )
)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_become_a_letter(raw: bytes) -> None:
    read(raw)
    read(raw, sent=True)
    read(raw, truncated=True)


def test_a_mail_of_a_thousand_mails_within_mails_is_kept() -> None:
    raw = b"From: a@b.example\r\n\r\nHallo\r\n"
    for _ in range(1000):
        raw = b"Content-Type: message/rfc822\r\n\r\n" + raw
    assert read(b"From: a@b.example\r\n" + raw).problems


def test_a_mail_of_deeply_nested_html_is_read() -> None:
    raw = (
        b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n"
        + b"<div>" * 5000
        + b"Hallo"
        + b"</div>" * 5000
    )
    assert "Hallo" in read(raw).text


def test_a_mail_of_thousands_of_files_is_taken_in_with_the_first_of_them() -> None:
    file = b"--x\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF\r\n"
    raw = (
        b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n" + file * 2000 + b"--x--\r\n"
    )
    letter = read(raw)
    assert len(letter.documents) == 200
    assert any("more than 200 files" in problem for problem in letter.problems)


def test_a_sender_in_a_thousand_brackets_loses_no_letter() -> None:
    letter = read(b"From: " + b"(" * 20_000 + b" a@b.example\r\n\r\nIst die Wohnung frei?")
    assert letter.text == "Ist die Wohnung frei?"


def test_xml_with_a_document_type_is_not_opened() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><openimmo_feedback><sender><name>&b;</name></sender></openimmo_feedback>'
    mail = EmailMessage()
    mail["From"] = "noreply@immobilienscout24.de"
    mail.set_content("Vorname: Eva\nNachname: Klar\nE-Mail: eva@klar.example\nNachricht: Noch frei?\n")
    mail.add_attachment(bomb, maintype="text", subtype="xml", filename="kontakt.xml")
    letter = read(mail.as_bytes())
    assert letter.text == "Noch frei?"
    assert any("kontakt.xml" in problem for problem in letter.problems)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("mx.muster.test; dmarc=pass header.from=b.example", "pass"),
        ("MX.Muster.Test 1; spf=pass (ok) smtp.mailfrom=x@b.example; dkim=none", "pass"),
        ("mx.muster.test; spf=pass smtp.mailfrom=x@elsewhere.example", "none"),
        ("mx.muster.test; spf=fail smtp.mailfrom=x@b.example; dkim=fail header.d=b.example", "fail"),
        ("mx.muster.test; dkim=pass header.d=mail.b.example; spf=softfail smtp.mailfrom=x@b.example", "pass"),
        ("mx.muster.test; none", "none"),
        ("mx.elsewhere.example; dmarc=pass header.from=b.example", "none"),
        ("mx.muster.test.evil.example; dmarc=pass header.from=b.example", "none"),
    ],
)
def test_only_the_companys_own_server_is_believed(fields: str, expected: str) -> None:
    raw = f"Authentication-Results: {fields}\r\nFrom: a@b.example\r\n\r\nHallo".encode()
    assert read(raw).authenticity == expected


def test_a_company_whose_server_has_no_name_believes_nobody() -> None:
    forged = b"Authentication-Results: ; dmarc=pass\r\nAuthentication-Results: mx.muster.test; dmarc=pass\r\n"
    for nameless in (None, ""):
        company = Company("office@muster.test", "chef@muster.test", nameless)
        letter = read_letter(forged + b"From: a@b.example\r\n\r\nHallo", company, NOW)
        assert letter.authenticity == "none"


def test_what_stands_below_the_servers_own_trace_was_written_by_the_sender() -> None:
    raw = (
        b"Authentication-Results: mx.muster.test; dmarc=fail header.from=b.example\r\n"
        b"Received: from evil by mx.muster.test; Fri, 20 Nov 2026 10:00:00 +0100\r\n"
        b"Authentication-Results: mx.muster.test; dmarc=pass header.from=b.example\r\n"
        b"From: a@b.example\r\n\r\nHallo"
    )
    assert read(raw).authenticity == "fail"


def test_the_same_letter_is_the_same_by_every_way() -> None:
    mail = EmailMessage()
    mail["From"] = "Anna <anna@example.org>"
    mail["Subject"] = "Größe"
    mail["Message-ID"] = "<1@example.org>"
    mail.set_content("Grüß Gott,\n\nwie groß?\n", cte="8bit")
    mail.add_attachment(b"%PDF-1", maintype="application", subtype="pdf", filename="a.pdf")
    posted = mail.as_bytes()
    text = mail.get_body()
    assert text is not None
    text.set_content("Grüß Gott,\n\nwie groß?\n", cte="quoted-printable")
    fetched = b"Return-Path: <x@y.example>\r\nReceived: by mx; now\r\n" + mail.as_bytes().replace(
        b"\n", b"\r\n"
    )
    one, other = read(posted), read(fetched)
    assert (one.external_id, one.content_hash) == (other.external_id, other.content_hash)
    different = read(posted.replace(b"JVBERi0x", b"JVBERi0y"))
    assert (different.external_id, different.content_hash != one.content_hash) == (one.external_id, True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ja.\n\nAm Mo., 16. Nov. 2026 um 08:12 Uhr schrieb Muster Immobilien <\noffice@muster.test>:\n\n> Frage?", "Ja."),
        ("Ja.\n\nMuster Immobilien schrieb am 16.11.2026 um 08:12:\n\n> Frage?", "Ja."),
        ("Yes.\n\n-----Original Message-----\nFrom: Muster\nSent: Monday\n\nQuestion?", "Yes."),
        ("Yes.\n\n*From:* Muster\n*Sent:* Monday\n*To:* me\n\nQuestion?", "Yes."),
        ("Am 3. Dezember möchte ich kommen, wie ich schrieb: gern früh.\n\nAnna", "Am 3. Dezember möchte ich kommen, wie ich schrieb: gern früh.\n\nAnna"),
        ("Die Fläche soll\n> 80 m²\nsein.", "Die Fläche soll\n> 80 m²\nsein."),
        ("Gern.\n\nViele Grüße\nEva\nTel.: 0660 123\n\nMuster GmbH\nwww.muster.test\n", "Gern.\n\nViele Grüße\nEva\nTel.: 0660 123"),
        ("Gern.\n\nLG Eva\n\nPS: Darf mein Hund mit?", "Gern.\n\nLG Eva\n\nPS: Darf mein Hund mit?"),
        ("Ok\n\nGesendet mit der GMX Mail App", "Ok"),
        ("Ok\n\nVon meinem Samsung Galaxy Smartphone gesendet.", "Ok"),
        ("Ok\n\nSent from Yahoo Mail on Android", "Ok"),
        ("Vielen Dank für das Angebot.\nIch nehme es.", "Vielen Dank für das Angebot.\nIch nehme es."),
    ],
)  # fmt: skip
def test_only_what_is_newly_written_counts(text: str, expected: str) -> None:
    raw = f"From: a@b.example\nContent-Type: text/plain; charset=utf-8\n\n{text}".encode()
    assert read(raw).text == expected


def test_a_letter_in_the_sent_folder_is_the_companys_answer() -> None:
    raw = b"From: office@muster.test\r\nTo: Anna <anna@example.org>\r\nIn-Reply-To: <1@x>\r\n\r\nGern!\r\n"
    letter = read(raw, sent=True)
    assert (letter.kind, letter.addressees, letter.in_reply_to) == (
        "own_answer",
        ("anna@example.org",),
        "<1@x>",
    )
    assert letter.sender.contact_points == ()


def test_a_letter_that_is_too_large_is_told_and_its_beginning_read() -> None:
    letter = read(b"From: a@b.example\r\n\r\nHallo", truncated=True)
    assert (letter.text, letter.documents) == ("Hallo", ())
    assert "25 MiB" in letter.problems[0]


def test_an_agents_answer_to_his_own_mailbox_is_the_same_from_either_folder() -> None:
    company = Company("office@muster.test", "office@muster.test")
    raw = b"From: office@muster.test\r\nTo: office@muster.test\r\nIn-Reply-To: <draft@muster.test>\r\n\r\nJa, so senden.\r\n"
    inbox, sent = read_letter(raw, company, NOW), read_letter(raw, company, NOW, sent=True)
    assert inbox == sent
    assert inbox.sender.contact_points == (("email", "office@muster.test"),)

"""A letter reads well everywhere, and nobody sees what software wrote it."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notification.domain.letter import Letter, UnusableAddress, address


def letter(**changes: object) -> Letter:
    values: dict[str, object] = {
        "display_name": "Müller & Söhne Immobilien",
        "mailbox": "buero@müller-söhne.test",
        "to": ("anna.gruen@example.org",),
        "subject": "Re: Anfrage zur Wohnung in der Größenstraße",
        "text": "Grüß Gott,\n\nvielen Dank für Ihre Anfrage.\n\nSchöne Grüße\nIhr Team\n",
        "message_id": "<0123456789abcdef01234567.0123456789abcdef@mueller.test>",
        "date": datetime(2026, 11, 20, 14, 0, tzinfo=UTC),
        "auto_submitted": "auto-replied",
    }
    return Letter(**{**values, **changes})  # pyright: ignore[reportArgumentType]


def read(written: Letter) -> EmailMessage:
    parsed = message_from_bytes(written.as_bytes(), policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def test_a_letter_carries_name_subject_text_and_html_with_umlauts() -> None:
    message = read(letter())
    assert message["From"].addresses[0].display_name == "Müller & Söhne Immobilien"
    assert message["From"].addresses[0].addr_spec == "buero@xn--mller-shne-kcb9d.test"
    assert message["Subject"] == "Re: Anfrage zur Wohnung in der Größenstraße"
    assert message["Auto-Submitted"] == "auto-replied"
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert (
        plain.get_content().replace("\r\n", "\n")
        == "Grüß Gott,\n\nvielen Dank für Ihre Anfrage.\n\nSchöne Grüße\nIhr Team\n"
    )
    assert "Müller" not in html.get_content()
    assert "Schöne Grüße<br>" in html.get_content()


def test_nothing_in_a_letter_names_the_software() -> None:
    raw = letter().as_bytes().lower()
    assert b"frontdesk" not in raw
    assert b"x-mailer" not in raw
    assert b"user-agent" not in raw
    assert b"reply-to:" not in raw


def test_every_line_is_ascii_and_short_enough_for_any_server() -> None:
    raw = letter(text="ü" * 5000 + "\n.\n.Punkt am Anfang").as_bytes()
    assert raw.isascii()
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_a_long_thread_keeps_its_message_ids_whole() -> None:
    ids = tuple(f"<{'a' * 90}{number}@portal.example.org>" for number in range(40))
    message = read(letter(in_reply_to=ids[-1], references=ids))
    assert message["In-Reply-To"].split() == [ids[-1]]
    assert message["References"].split() == [ids[0], *ids[-19:]]
    assert b"=?utf-8" not in letter(in_reply_to=ids[-1], subject="x", display_name="x").as_bytes()


def test_a_subject_from_outside_cannot_begin_a_header() -> None:
    message = read(letter(subject="Hallo\r\nBcc: someone@example.org", in_reply_to="<a@b>\r\nBcc: x@y.test"))
    assert message["Bcc"] is None
    assert message["Subject"] == "Hallo Bcc: someone@example.org"


def test_html_shows_markup_from_outside_as_text() -> None:
    html = read(letter(text="<script>alert(1)</script> & mehr")).get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert "&lt;script&gt;" in html.get_content()


@pytest.mark.parametrize(
    "wrong",
    ["", "nobody", "a@", "@b.test", "a b@c.test", "a@b.test\r\nRCPT TO:<x@y>", "<a@b.test>, c@d.test"],
)
def test_what_is_no_address_is_refused(wrong: str) -> None:
    with pytest.raises(UnusableAddress):
        address(wrong)


@given(st.text(max_size=200), st.text(max_size=60))
def test_any_text_arrives_as_it_was_written(text: str, subject: str) -> None:
    written = letter(text=text, subject=subject)
    plain = read(written).get_body(("plain",))
    assert plain is not None
    wanted = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").rstrip("\n") + "\n"
    assert plain.get_content().replace("\r\n", "\n") == wanted

"""Reading a letter, whatever its state: a broken part never loses the rest, and nothing is raised."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from email import message_from_bytes, policy

from email_ingest.domain.authenticity import authenticity
from email_ingest.domain.characters import decode, tidy
from email_ingest.domain.contact import normal_address
from email_ingest.domain.headers import Headers
from email_ingest.domain.identity import content_hash, made_up_id
from email_ingest.domain.kinds import is_no_reply, kind_of, says_it_is_automatic
from email_ingest.domain.letter import Company, Kind, Letter, Person
from email_ingest.domain.parts import Parts, parts_of
from email_ingest.domain.portals import PortalLetter, portal_of, read_portal_letter
from email_ingest.domain.quoting import newly_written

_LONGEST_TEXT = 100_000


def read_letter(
    raw: bytes, company: Company, received_at: datetime, *, sent: bool = False, truncated: bool = False
) -> Letter:
    """What a letter says.

    `sent` is for the company's own Sent folder: what an agent wrote from his own mail program (kind "own_answer").
    `truncated` says that `raw` is only the beginning of a letter that is too large.
    """
    try:
        return _read(raw, company, received_at, sent=sent, truncated=truncated)
    except Exception as error:  # noqa: BLE001 — whatever a stranger sends, his letter is kept, and what happened is told
        return _unreadable(raw, company, received_at, error)


def _read(raw: bytes, company: Company, received_at: datetime, *, sent: bool, truncated: bool) -> Letter:
    # The policy that interprets no headers: it never raises, and a mail of 20,000 parts takes 1 s instead of 18.
    message = message_from_bytes(raw, policy=policy.compat32)
    headers, parts = Headers(message), parts_of(message)
    digest = content_hash(message, headers)
    author = next(iter(headers.addresses("from", "sender", "return-path")), ("", ""))
    if company.owns(company.agent) and not _to_others(headers, company):
        sent = (
            False  # a note of the agent to his own mailbox (he answers a draft): the same from either folder
        )
    portal = None if sent else read_portal_letter(headers, parts)
    seen = authenticity(headers.fields, company.authserv_id, author[1])
    text = _text(parts, portal)
    kind, automatic = ("own_answer", False) if sent else _kind(headers, parts, company, portal, text, seen)
    problems = _problems(parts, author[1], text, truncated=truncated)
    ids = headers.ids("message-id")
    addressees = tuple(address for _, address in headers.addresses("to", "cc"))
    return Letter(
        external_id=ids[0] if ids else made_up_id(digest),
        content_hash=digest,
        kind=kind,
        automatic=automatic,
        sender=_sender(headers, company, portal, kind),
        recipient=company.mailbox,
        subject=headers.text("subject")[:998],
        text=text[:_LONGEST_TEXT],
        sent_at=_written(headers, received_at),
        authenticity=seen,
        named=bool(ids),
        in_reply_to=next(iter(headers.ids("in-reply-to")), None),
        references=tuple(headers.ids("references")),
        addressees=addressees,
        portal=portal.enquiry if portal else None,
        documents=() if truncated else tuple(parts.documents),
        problems=tuple(problems),
    )


def _text(parts: Parts, portal: PortalLetter | None) -> str:
    if portal is not None and portal.message:
        return portal.message
    without = newly_written(parts.text(quotations=False))
    return without or newly_written(parts.text())


def _kind(
    headers: Headers, parts: Parts, company: Company, portal: PortalLetter | None, text: str, seen: str
) -> tuple[Kind, bool]:
    """A portal's enquiry comes first: the portal's own headers look like a newsletter's."""
    if portal is not None and portal.enquiry is not None:
        return "enquiry", False
    author = next((address for _, address in headers.addresses("from")), "")
    if company.owns(author) and seen == "fail":
        return "spam", says_it_is_automatic(headers)
    kind, automatic = kind_of(headers, author, headers.text("subject"), text, parts.report)
    if portal is not None and kind == "enquiry":
        return "newsletter", True
    if (
        kind == "enquiry"
        and company.owns(author)
        and _to_others(headers, company)
        and not _form(headers, company)
    ):
        return "own_answer", automatic
    return kind, automatic


def _sender(headers: Headers, company: Company, portal: PortalLetter | None, kind: Kind) -> Person:
    if portal is not None:
        return portal.sender
    name, address = next(iter(headers.addresses("from", "sender", "return-path")), ("", ""))
    reply_name, reply_to = next(iter(headers.addresses("reply-to")), ("", ""))
    if kind == "enquiry" and _form(headers, company):
        name, address = reply_name or name, reply_to
    normal = normal_address(address)
    nobody = (
        normal is None
        or is_no_reply(normal)
        or portal_of(normal) is not None
        or kind in ("bounce", "own_answer")
    )
    if nobody or (normal and company.owns(normal) and normal != company.agent.lower()):
        return Person(name or None, (), reply_to or address)
    return Person(name or None, (("email", normal),) if normal else (), reply_to or address)


def _form(headers: Headers, company: Company) -> bool:
    """Whether a machine wrote for a person: from the company's own address or one that nobody reads, with a Reply-To."""
    author = next((address for _, address in headers.addresses("from")), "")
    answer = next((address for _, address in headers.addresses("reply-to")), "")
    theirs = (
        bool(answer) and not company.owns(answer) and not is_no_reply(answer) and portal_of(answer) is None
    )
    return theirs and answer.lower() != author.lower() and (company.owns(author) or is_no_reply(author))


def _to_others(headers: Headers, company: Company) -> bool:
    return any(not company.owns(address) for _, address in headers.addresses("to", "cc"))


def _problems(parts: Parts, author: str, text: str, *, truncated: bool) -> list[str]:
    problems = list(parts.problems)
    if not author:
        problems.append("The mail names no sender that could be answered.")
    if len(text) > _LONGEST_TEXT:
        problems.append(
            f"The text is longer than {_LONGEST_TEXT} characters; the rest stands in the mail itself."
        )
    if truncated:
        problems = [
            "The mail is larger than 25 MiB: only its beginning was read, no attachment; it is in the mailbox."
        ]
    return problems


def _written(headers: Headers, received_at: datetime) -> datetime:
    """The mail's own date; the time of receipt where there is none, or one in the future."""
    at = headers.date()
    return received_at if at is None or at > received_at + timedelta(days=1) else at


def _unreadable(raw: bytes, company: Company, received_at: datetime, error: Exception) -> Letter:
    digest = hashlib.sha256(raw).hexdigest()
    return Letter(
        external_id=made_up_id(digest),
        content_hash=digest,
        kind="enquiry",
        automatic=False,
        sender=Person(None, (), ""),
        recipient=company.mailbox,
        subject="",
        text=tidy(decode(raw[:20_000], None)[0]),
        sent_at=received_at,
        authenticity="none",
        named=False,
        problems=(f"The mail could not be taken apart ({type(error).__name__}); it is kept as it came.",),
    )

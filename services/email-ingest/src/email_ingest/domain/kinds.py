"""Enquiries told from automatic answers, bounces, newsletters and spam."""

from __future__ import annotations

import re

from email_ingest.domain.headers import Headers
from email_ingest.domain.letter import Kind

_I = re.IGNORECASE
_DAEMON = re.compile(r"^(mailer-daemon|postmaster|mail-daemon|maildelivery|bounces?)([+-].*)?@", _I)
_NO_REPLY = re.compile(
    r"^(no-?_?reply|do-?not-?reply|donotreply|nicht-?antworten|keine-?antwort|notifications?)\b", _I
)
_BOUNCE_SUBJECT = re.compile(
    r"^(undeliver|unzustellbar|delivery (status|failure|has failed)|mail delivery (failed|system)|returned mail"
    r"|failure notice|zustellung.{0,30}fehlgeschlagen|nicht zustellbar|message undeliverable)", _I,
)  # fmt: skip
_AUTO_SUBJECT = re.compile(
    r"^((re|aw)\s*:\s*)?(automatische antwort|automatic reply|auto(matic)?[ -]?(reply|response|antwort)|autoreply"
    r"|abwesenheit|abwesend|out of (the )?office|ooo\b|nicht im büro|ich bin (derzeit )?(im urlaub|abwesend)"
    r"|eingangsbestätigung|wir haben ihre (nachricht|anfrage|e-?mail) erhalten|gelesen:|read:)", _I,
)  # fmt: skip
_UNSUBSCRIBE = re.compile(
    r"newsletter\s+abbestellen|newsletter\s+abmelden|abmeldelink|vom newsletter abmelden|unsubscribe (here|from this)|click (here )?to unsubscribe",
    _I,
)
_SPAM_WORDS = tuple(
    re.compile(pattern, _I)
    for pattern in (
        r"\bSEO\b|search engine optimi[sz]ation|suchmaschinenoptimierung", r"\bbacklinks?\b", r"guest posts?|gastbeitr",
        r"(first|erste)\w* (page|seite) (of|bei|von) google|google[- ]ranking", r"\b(bitcoin|krypto|crypto)\w*\b",
        r"\b(viagra|cialis|casino|jackpot|lotter(y|ie))\b", r"million (dollars?|euros?|usd|eur)|\binheritance\b|erbschaft von",
        r"wire transfer|western union|next of kin", r"web ?design (services|agentur)|redesign your website",
        r"your (account|mailbox|konto) (has been|will be|wurde|wird) (suspended|deactivated|gesperrt)",
        r"guaranteed (leads|profit|income)|passives einkommen|schnell geld verdienen", r"e-?mail (list|database) of|adressdatenbank",
        r"affordable price|price list and a proposal",
    )
)  # fmt: skip


def is_daemon(address: str) -> bool:
    """Whether an address is a mail server's own."""
    return bool(_DAEMON.match(address))


def is_no_reply(address: str) -> bool:
    """Whether an address says that nobody reads it."""
    return bool(_NO_REPLY.match(address)) or is_daemon(address)


def says_it_is_automatic(headers: Headers) -> bool:
    """Whether a letter says of itself that a machine wrote it."""
    auto = headers.raw("auto-submitted").partition(";")[0].strip().lower()
    if auto and auto != "no":
        return True
    if headers.raw("precedence").lower() in ("bulk", "list", "junk", "auto_reply", "auto-reply"):
        return True
    if headers.has(
        "list-id", "list-unsubscribe", "x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply"
    ):
        return True
    return headers.has("return-path") and headers.raw("return-path").replace(" ", "") == "<>"


def kind_of(headers: Headers, author: str, subject: str, text: str, report: str) -> tuple[Kind, bool]:
    """What a letter from a stranger is, and whether it is automatic. `report` is the type of a multipart/report."""
    automatic = says_it_is_automatic(headers)
    if _is_bounce(headers, author, subject, report):
        return "bounce", True
    if _is_spam(headers, f"{subject}\n{text[:5000]}"):
        return "spam", automatic
    if _is_auto_reply(headers, subject, report):
        return "auto_reply", True
    if _is_newsletter(headers, author, text):
        return "newsletter", True
    return "enquiry", automatic


def _is_bounce(headers: Headers, author: str, subject: str, report: str) -> bool:
    if report == "delivery-status" or headers.has("x-failed-recipients"):
        return True
    return is_daemon(author) and bool(_BOUNCE_SUBJECT.match(subject) or headers.raw("return-path") == "<>")


def _is_auto_reply(headers: Headers, subject: str, report: str) -> bool:
    if report == "disposition-notification" or _AUTO_SUBJECT.match(subject):
        return True
    if headers.raw("auto-submitted").lower().startswith("auto-replied"):
        return True
    if headers.raw("precedence").lower() in ("auto_reply", "auto-reply"):
        return True
    if headers.has("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply"):
        return True
    return headers.has("return-path") and headers.raw("return-path").replace(" ", "") == "<>"


def _is_newsletter(headers: Headers, author: str, text: str) -> bool:
    if headers.has("list-id", "list-unsubscribe"):
        return True
    if headers.raw("precedence").lower() in ("bulk", "list", "junk"):
        return True
    if _UNSUBSCRIBE.search(text):
        return True
    answerable = any(not is_no_reply(address) for _, address in headers.addresses("reply-to"))
    return is_no_reply(author) and not answerable


def _is_spam(headers: Headers, text: str) -> bool:
    """Marked by the company's server, or at least three different signs in its words."""
    if headers.raw("x-spam-flag").lower().startswith("yes") or headers.raw(
        "x-spam-status"
    ).lower().startswith("yes"):
        return True
    level = headers.raw("x-ms-exchange-organization-scl")
    if level.isdecimal() and int(level) >= 5:
        return True
    return sum(1 for sign in _SPAM_WORDS if sign.search(text)) >= 3

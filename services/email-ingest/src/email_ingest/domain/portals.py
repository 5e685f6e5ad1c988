"""Enquiries that property portals pass on: which portal, who asks, about what."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from email_ingest.domain.characters import tidy
from email_ingest.domain.contact import normal_address, normal_phone
from email_ingest.domain.feedback import DamagedFeedback, Enquirer, read_feedback
from email_ingest.domain.headers import Headers
from email_ingest.domain.html import html_to_text, table_rows
from email_ingest.domain.labels import is_label, read_labels
from email_ingest.domain.letter import Person, Portal
from email_ingest.domain.parts import Parts

_DOMAINS = {
    "immobilienscout24.de": "immoscout24", "immobilienscout24.at": "immoscout24", "immobilienscout24.ch": "immoscout24",
    "immoscout24.de": "immoscout24", "immoscout24.at": "immoscout24", "immoscout24.ch": "immoscout24",
    "willhaben.at": "willhaben", "immowelt.de": "immowelt", "immowelt.at": "immowelt", "immonet.de": "immowelt",
    "kleinanzeigen.de": "kleinanzeigen", "ebay-kleinanzeigen.de": "kleinanzeigen",
}  # fmt: skip
_NAMES = (
    ("scout24", "immoscout24"),
    ("willhaben", "willhaben"),
    ("immowelt", "immowelt"),
    ("immonet", "immowelt"),
)
_REFERENCES = (
    re.compile(r"\bRef\.?-?\s?Nr\.?\s*:?\s*([\w./-]+\w)", re.IGNORECASE),
    re.compile(r"\bObjekt(?:-?Nr\.?)?\s{1,3}:?\s*((?=\S*\d)[\w./-]*\w)", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class PortalLetter:
    """A letter that a portal sent: with an enquiry, or (`enquiry` is None) of its own."""

    enquiry: Portal | None
    sender: Person
    message: str | None = None


def portal_of(address: str) -> str | None:
    """The portal that an address belongs to; such an address is never a person's."""
    domain = address.rpartition("@")[2].lower()
    return next(
        (name for known, name in _DOMAINS.items() if domain == known or domain.endswith(f".{known}")), None
    )


def read_portal_letter(headers: Headers, parts: Parts) -> PortalLetter | None:
    """What a portal's letter says; nothing when no portal is concerned. The portal's data come first, then its labels."""
    name, address = next(iter(headers.addresses("from")), ("", ""))
    portal = portal_of(address)
    given = _from_feedback(parts)
    if portal is None and given is None:
        return None
    reply_name, reply_to = next(iter(headers.addresses("reply-to")), ("", ""))
    found = given or Enquirer()
    if portal is not None:
        found = _with_labels(found, parts)
    if given is None and not found.names_somebody():
        return PortalLetter(None, Person(name or None, (), reply_to or address)) if portal else None
    own = reply_to if reply_to and portal_of(reply_to) is None else None
    found = found.filled_by(
        Enquirer(name=reply_name or None, email=own, object_reference=_reference(headers))
    )
    sender = _person(found, address, reply_to)
    kind = portal or _by_name(found.portal or "")
    enquiry = Portal(kind, found.object_reference, found.listing_id, found.object_title)
    return PortalLetter(enquiry, sender, found.message)


def _from_feedback(parts: Parts) -> Enquirer | None:
    for document in parts.feedbacks:
        try:
            found = read_feedback(document.data)
        except DamagedFeedback as error:
            parts.problem(
                f"The portal's data ({document.filename}) could not be read: {error}. The letter's text was read instead."
            )
        else:
            if found.names_somebody():
                return found
    return None


def _with_labels(found: Enquirer, parts: Parts) -> Enquirer:
    """What is known, filled from the labels of the text, and of the HTML only where something is still missing."""
    for body in parts.bodies:
        if body.plain and not _is_complete(found):
            found = found.filled_by(_not_the_portals(read_labels(tidy(body.plain))))
    for body in parts.bodies:
        if body.html and not _is_complete(found):
            shown = read_labels(html_to_text(body.html), table_rows(body.html, is_label))
            found = found.filled_by(_not_the_portals(shown))
    return found


def _is_complete(found: Enquirer) -> bool:
    about = found.object_reference and found.listing_id
    return bool(found.name and found.email and found.message and about)


def _not_the_portals(found: Enquirer) -> Enquirer:
    return replace(found, email=None) if found.email and portal_of(found.email) else found


def _person(found: Enquirer, author: str, reply_to: str) -> Person:
    country = author.rpartition(".")[2].lower()
    email = normal_address(found.email or "")
    phone = normal_phone(found.phone or "", country)
    points = [("email", email)] if email and portal_of(email) is None else []
    if phone:
        points.append(("phone", phone))
    return Person(found.name, tuple(points), reply_to or found.email or author)  # pyright: ignore[reportArgumentType] — kinds are literals


def _reference(headers: Headers) -> str | None:
    subject = headers.text("subject")
    return next((found[1] for pattern in _REFERENCES if (found := pattern.search(subject))), None)


def _by_name(name: str) -> str:
    low = name.lower()
    return next(
        (known for part, known in _NAMES if part in low),
        re.sub(r"[^a-z0-9]+", "-", low).strip("-") or "other",
    )

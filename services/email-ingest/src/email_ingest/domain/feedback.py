"""A portal's data for programs: OpenImmo feedback, and Immowelt's objektanfrage."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from email_ingest.domain.characters import one_line, tidy

_EXPOSE = re.compile(r"/(?:expose|d/[^?#]*?-?|iad/\S*?-)/?(\w+)/?(?:[?#].*)?$")
_EXTRAS = re.compile(r"^\s*Weitere Daten zum Interessenten\b", re.IGNORECASE | re.MULTILINE)


class DamagedFeedback(ValueError):
    """The XML cannot be read."""


@dataclass(frozen=True, slots=True)
class Enquirer:
    """What a portal says about an enquiry; every field may be missing."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    message: str | None = None
    object_reference: str | None = None
    listing_id: str | None = None
    object_title: str | None = None
    portal: str | None = None

    def names_somebody(self) -> bool:
        """Whether it is about a person at all, and not a portal's own notice."""
        return bool((self.name or self.email) and (self.email or self.phone or self.message))

    def filled_by(self, other: Enquirer) -> Enquirer:
        """This, with what is missing taken from another source."""
        return Enquirer(
            *(getattr(self, name) or getattr(other, name) for name in self.__dataclass_fields__)
        )  # fmt: skip


def read_feedback(data: bytes) -> Enquirer:
    """The enquiry in a portal's XML; its own declaration decides about the character set. Raises `DamagedFeedback`."""
    try:
        root = fromstring(data.strip(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise DamagedFeedback("it is no whole XML, or one with a document type, which is not read") from error
    return _immowelt(root) if _local(root) == "objektanfrage" else _openimmo(root)


def _openimmo(root: Element) -> Enquirer:
    """Names are matched without their namespace, which versions 1.1 and 1.2.0 had."""
    sender, subject = _first(root, "sender"), _first(root, "objekt")
    person = _first(subject, "interessent")
    url = _text(subject, "expose_url")
    return Enquirer(
        name=_joined(_text(person, "vorname"), _text(person, "nachname")) or _text(person, "firma"),
        email=_text(person, "email"),
        phone=_text(person, "mobil") or _text(person, "tel"),
        message=_message(person, "anfrage"),
        object_reference=_text(subject, "oobj_id"),
        listing_id=_text(subject, "portal_obj_id") or listing_of(url),
        object_title=_text(subject, "bezeichnung"),
        portal=_text(sender, "name"),
    )


def _immowelt(root: Element) -> Enquirer:
    subject, person = _first(root, "objekt"), _first(root, "interessent")
    return Enquirer(
        name=_joined(_text(person, "i_vorname"), _text(person, "i_name")) or _text(person, "i_firma"),
        email=_text(person, "i_email"),
        phone=_text(person, "i_mobil") or _text(person, "i_tel"),
        message=_message(person, "i_info"),
        object_reference=_text(subject, "o_refnr"),
        listing_id=listing_of(_text(subject, "o_link")),
        object_title=_text(subject, "o_stichwort"),
        portal="immowelt",
    )


def listing_of(url: str | None) -> str | None:
    """The listing's number at the end of a portal's address."""
    found = _EXPOSE.search(url or "")
    return found[1] if found else None


def without_extras(message: str) -> str:
    """The person's words without what the portal adds about the person."""
    return tidy(_EXTRAS.split(message)[0])


def _children(element: Element | None) -> Iterable[Element]:
    return element if element is not None else ()


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _first(element: Element | None, name: str) -> Element | None:
    return next((child for child in _children(element) if _local(child) == name), None)


def _text(element: Element | None, name: str) -> str | None:
    found = _first(element, name)
    return (one_line("".join(found.itertext())) or None) if found is not None else None


def _message(element: Element | None, name: str) -> str | None:
    found = _first(element, name)
    return (without_extras("".join(found.itertext())) or None) if found is not None else None


def _joined(*words: str | None) -> str | None:
    return " ".join(word for word in words if word) or None

"""The OpenImmo feedback that a portal attaches to an enquiry: the same facts for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from xml.etree.ElementTree import Element, SubElement, tostring

from frontdesk.story.person import Story, german_date


def openimmo_feedback(story: Story, enquiry: str, day: date) -> bytes:
    """OpenImmo feedback 1.2.7 in the portal's encoding, its elements in the schema's order."""
    home = story.home
    root = Element("openimmo_feedback")
    SubElement(root, "version").text = "1.2.7"
    _fill(
        SubElement(root, "sender"),
        [
            ("name", story.portal.name),
            ("openimmo_anid", ""),
            ("datum", german_date(day)),
            ("makler_id", "4711"),
        ],
    )
    subject = SubElement(root, "objekt")
    host = story.portal.sender.rpartition("@")[2]
    _fill(
        subject,
        [
            ("portal_unique_id", f"u-{home.portal_id}"),
            ("portal_obj_id", home.portal_id),
            ("oobj_id", home.reference),
            ("expose_url", f"https://www.{host}/expose/{home.portal_id}"),
            ("vermarktungsart", "MIETE_PACHT"),
            ("bezeichnung", home.title),
            ("strasse", home.street),
            ("ort", f"{home.postcode} {home.city}"),
            ("preis", str(home.cold_rent)),
            ("wae", "EUR"),
        ],
    )
    _fill(
        SubElement(subject, "interessent"),
        [
            ("int_id", ""),
            ("anrede", story.salutation),
            ("vorname", story.first_name),
            ("nachname", story.last_name),
            ("strasse", story.street),
            ("plz", story.postcode),
            ("ort", story.city),
            ("tel", story.phone),
            ("email", story.email),
            ("bevorzugt", "EMAIL"),
            ("wunsch", "BESICHTIGUNG"),
            ("anfrage", enquiry),
        ],
    )
    return tostring(root, encoding=story.portal.encoding, xml_declaration=True)


def _fill(parent: Element, children: Sequence[tuple[str, str]]) -> None:
    for name, text in children:
        SubElement(parent, name).text = text

"""Counts what came of the enquiries where it can be seen: at the vendors, by what identifies a thing in business."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import asyncpg
from flood import Enquiry
from house import House

from frontdesk.play.world import Accepted

_REFERENCE = re.compile(r"Ref\. ([^ <]+)\.</p>")


@dataclass
class Line:
    """One line of the table: how many there should be, are, are missing, are there more than once."""

    what: str
    wanted: int
    once: int = 0
    note: str = ""
    lost: list[str] = field(default_factory=list[str])
    doubled: list[str] = field(default_factory=list[str])

    @classmethod
    def of(cls, what: str, wanted: Iterable[str], found: Iterable[str]) -> Line:
        """Compare keys that should each be there once."""
        keys, counted = list(wanted), Counter(found)
        line = cls(what, len(keys))
        line.once = sum(counted[key] == 1 for key in keys)
        line.lost = [key for key in keys if not counted[key]]
        line.doubled = [key for key, count in counted.items() if count > 1]
        return line

    @property
    def right(self) -> bool:
        """Whether nothing is lost and nothing doubled."""
        return not self.lost and not self.doubled

    def __str__(self) -> str:
        mark = "✓" if self.right else "✗"
        return f"{mark} {self.what:<38} {self.wanted:>6} {self.once:>6} {len(self.lost):>6} {len(self.doubled):>8}  {self.note}"


@dataclass(frozen=True)
class Records:
    """What our own database says, only to know which lead is whose."""

    leads: Sequence[tuple[str, str]]
    """E-mail address and lead."""
    uncertain: frozenset[str]
    """Leads whose reply was told to be uncertain."""
    at_a_human: Mapping[str, str]
    """Leads whose turn waits for a human, with the reason."""
    told_by: Mapping[str, frozenset[str]]
    """Message-IDs of the mails to the agent about a lead."""
    replied: frozenset[str]
    dead: Sequence[str]


@dataclass(frozen=True)
class _Mail:
    """A mail at the server, read once."""

    recipients: frozenset[str]
    message_id: str
    text: str


async def count(house: House, enquiries: Sequence[Enquiry], digests: Mapping[str, str]) -> list[Line]:
    """The table's lines."""
    records, mails = await asyncio.gather(_records(house), house.world.sent())
    persons = [enquiry.email for enquiry in enquiries]
    weclapp = cast("dict[str, dict[str, list[dict[str, Any]]]]", await house.world.state("weclapp"))
    graph = cast("dict[str, list[dict[str, Any]]]", await house.world.state("graph"))
    entities: dict[str, list[dict[str, Any]]] = next(iter(weclapp.values()), {})
    lead_of = dict(records.leads)
    customers = [str(party.get("email")) for party in entities.get("party", []) if party.get("customer")]
    files = [str(item["sha256"]) for items in graph.values() for item in items if item.get("sha256")]
    tasks = _references(entities.get("task", []))
    entries = _references([*entities.get("crmEvent", []), *entities.get("comment", [])])
    return [
        Line.of("leads, by e-mail address", persons, [email for email, _ in records.leads]),
        Line.of("customers in the CRM, by address", persons, customers),
        Line.of("tasks in the CRM, by lead", [f"{lead}/answer" for lead in lead_of.values()], tasks),
        Line.of("log entries in the CRM", _entries_wanted(records, entries), entries),
        Line.of("documents in the drive, by SHA-256", (digests[person] for person in persons), files),
        _replies(persons, lead_of, records, mails),
        Line.of("mails of all kinds, by Message-ID", (), [str(mail.message["Message-ID"]) for mail in mails]),
        await _copies(house),
        _dead(records),
    ]


def _replies(
    persons: Sequence[str], lead_of: Mapping[str, str], records: Records, mails: Sequence[Accepted]
) -> Line:
    """A person is answered once; or it is uncertain and the agent knows; or a human was asked to answer."""
    line = Line("replies at the mail server, by person", len(persons))
    letters = [
        _Mail(frozenset(mail.recipients), str(mail.message["Message-ID"]), mail.text) for mail in mails
    ]
    got = Counter(recipient for mail in mails for recipient in mail.recipients)
    uncertain = human = 0
    for person in persons:
        lead = lead_of.get(person, "")
        trouble = lead in records.uncertain or lead in records.at_a_human
        told = trouble and _agent_was_told(person, records.told_by.get(lead, frozenset()), letters)
        if got[person] > 1:
            line.doubled.append(person)
        elif lead in records.uncertain and told:
            uncertain += 1
        elif got[person] == 1:
            line.once += 1
        elif lead in records.at_a_human and told:
            human += 1
        else:
            line.lost.append(person)
    line.note = f"{line.once} sent, {uncertain} uncertain and told to the agent, {human} handed to a human"
    reasons = Counter(records.at_a_human.values())
    if human:
        line.note += f" ({'; '.join(f'{count}: {reason}' for reason, count in reasons.items())})"
    return line


def _agent_was_told(person: str, message_ids: frozenset[str], letters: Sequence[_Mail]) -> bool:
    return any(
        letter.message_id in message_ids or person in letter.text
        for letter in letters
        if person not in letter.recipients
    )


def _entries_wanted(records: Records, found: Sequence[str]) -> list[str]:
    """One for the enquiry, one for the reply if one left, one for the document (its id is not known here)."""
    documents = {reference.split("/")[0]: reference for reference in found if "/document/" in reference}
    wanted: list[str] = []
    for _, lead in records.leads:
        wanted += [f"{lead}/enquiry", documents.get(lead, f"{lead}/document")]
        if lead in records.replied:
            wanted.append(f"{lead}/1/reply")
    return wanted


async def _copies(house: House) -> Line:
    """Copies in the companies' Sent folders: none twice."""
    found: list[str] = []
    control = house.vendors.addresses["control"]
    for document in house.tenants.values():
        answer = await house.http.get(f"{control}/mail/mailboxes/{document['mailbox']}/Sent")
        if answer.is_success:
            found += [str(mail["message_id"]) for mail in answer.json()["messages"]]
    line = Line.of("copies in the Sent folders", (), found)
    line.note = f"{len(set(found))} there"
    return line


def _dead(records: Records) -> Line:
    line = Line("dead letters", 0)
    line.lost = list(records.dead)
    line.note = "; ".join(records.dead[:3])
    return line


def _references(records: Sequence[Mapping[str, Any]]) -> list[str]:
    found = (_REFERENCE.search(str(record.get("description"))) for record in records)
    return [match.group(1) for match in found if match is not None]


async def _records(house: House) -> Records:
    connection = await asyncpg.connect(house.database_url)
    try:
        leads = await connection.fetch("select lead_id, reply_to from orchestrator.leads")
        turns = await connection.fetch(
            "select lead_id, reason from orchestrator.turns where state in ('review', 'human', 'failed', 'uncertain')"
        )
        outgoing = await connection.fetch(
            "select lead_id, purpose, state, message_id from notification.outgoing"
        )
        said = await connection.fetch(
            "select body from reporting.journal where type = 'message.uncertain.v1'"
        )
        dead: list[str] = []
        for schema in (name.replace("-", "_") for name in house.services):
            rows = await connection.fetch(
                f"select routing_key, error_kind, left(error, 200) as words from {schema}.dead_letters where state = 'dead'"
            )
            dead += [f"{schema}: {row['routing_key']} {row['error_kind']}: {row['words']}" for row in rows]
    finally:
        await connection.close()
    told: dict[str, set[str]] = {}
    for row in outgoing:
        if row["purpose"] != "reply":
            told.setdefault(row["lead_id"], set()).add(row["message_id"])
    return Records(
        leads=[(row["reply_to"], row["lead_id"]) for row in leads],
        uncertain=frozenset(_uncertain_lead(row["body"]) for row in said),
        at_a_human={row["lead_id"]: row["reason"] for row in turns},
        told_by={lead: frozenset(ids) for lead, ids in told.items()},
        replied=frozenset(
            row["lead_id"] for row in outgoing if row["purpose"] == "reply" and row["state"] == "sent"
        ),
        dead=dead,
    )


def _uncertain_lead(body: Any) -> str:
    found = json.loads(body) if isinstance(body, str) else body
    return str(found["lead_id"]) if found.get("purpose") == "reply" else ""

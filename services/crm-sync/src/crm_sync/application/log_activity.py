"""Write into the CRM what happens with a lead; what comes before the lead's customer is known waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal

from contracts.crm.v1 import ActivityLogged, TaskCreated
from contracts.documents.v1 import DocumentFiled
from contracts.envelope import Following, Timer
from contracts.leads.v1 import HandoverRequested
from contracts.messages.v1 import MessageSent
from crm_sync.application.ports import Crm, Crms, Link, Links, Profiles, Session, Unit
from crm_sync.application.write_records import write_entry, write_task
from crm_sync.domain.records import (
    Entry,
    Language,
    Task,
    document_entry,
    handover_entry,
    handover_task,
    reply_entry,
)


class ActivityDue(Timer):
    """Something that happened with a lead and is to stand in the CRM; `key` names it among the lead's."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str
    kind: Literal["reply", "document", "handover"]
    key: str
    at: datetime
    turn: int = 0
    text: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """What was written."""

    activity: ActivityDue
    customer_id: str
    entry: Entry
    entry_id: str
    task: Task | None = None
    task_id: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The lead's customer is not known yet."""

    activity: ActivityDue


class LogActivity:
    """Correct in whatever order the events come: nothing is tried in vain, nothing is lost."""

    def __init__(self, *, crms: Crms, profiles: Profiles, links: Links) -> None:
        self._crms = crms
        self._profiles = profiles
        self._links = links

    async def __call__(self, activity: ActivityDue, unit: Unit) -> Logged | Waiting:
        """Write it, if the lead's customer is known."""
        async with unit.reading() as session:
            link = await self._links.of(session, activity.lead_id)
        if link is None:
            return Waiting(activity)
        profile = await self._profiles.profile(unit.tenant_id)
        crm = await self._crms.of(unit.tenant_id, link.vendor)
        entry = _entry(activity, profile.language)
        entry_id = await write_entry(crm, link.customer_id, link.contact_id, entry, unit)
        if activity.kind != "handover":
            return Logged(activity, link.customer_id, entry, entry_id)
        task = await _takeover(activity, profile.language, crm, link)
        task_id = await write_task(crm, link.customer_id, task, unit)
        return Logged(activity, link.customer_id, entry, entry_id, task, task_id)

    async def keep(self, session: Session, outcome: Logged | Waiting) -> list[Following]:
        """Say what was written; or let it wait, unless the tie was made in the meantime."""
        activity = outcome.activity
        if isinstance(outcome, Waiting):
            await self._links.lock(session, activity.lead_id)
            if await self._links.of(session, activity.lead_id) is not None:
                return [activity]
            kept = activity.model_dump(mode="json")
            await self._links.wait(session, activity.lead_id, activity.key, kept)
            return []
        said: list[Following] = []
        if outcome.task is not None and outcome.task_id is not None:
            said.append(
                TaskCreated(
                    lead_id=activity.lead_id, customer_id=outcome.customer_id, task_id=outcome.task_id,
                    subject=outcome.task.subject,
                )
            )  # fmt: skip
        said.append(
            ActivityLogged(
                lead_id=activity.lead_id, customer_id=outcome.customer_id, entry_id=outcome.entry_id,
                subject=outcome.entry.subject,
            )
        )  # fmt: skip
        return said


def of_reply(event: MessageSent) -> ActivityDue | None:
    """An answer left; mail to the agent is none."""
    if event.purpose != "reply":
        return None
    return ActivityDue(
        lead_id=event.lead_id, kind="reply", key=f"{event.turn}/reply", at=event.sent_at, turn=event.turn, text=event.channel
    )  # fmt: skip


def of_document(event: DocumentFiled, at: datetime) -> ActivityDue:
    """A document was filed."""
    return ActivityDue(
        lead_id=event.lead_id, kind="document", key=f"document/{event.document_id}", at=at, text=event.path, url=event.url
    )  # fmt: skip


def of_handover(event: HandoverRequested, at: datetime) -> ActivityDue:
    """A human takes over."""
    return ActivityDue(
        lead_id=event.lead_id, kind="handover", key=f"{event.turn}/handover", at=at, turn=event.turn, text=event.reason
    )  # fmt: skip


def _entry(activity: ActivityDue, language: Language) -> Entry:
    lead_id = activity.lead_id
    match activity.kind:
        case "reply":
            return reply_entry(lead_id, activity.turn, language, channel=activity.text, at=activity.at)
        case "document":
            document_id = activity.key.partition("/")[2]
            return document_entry(
                lead_id, document_id, language, path=activity.text, url=activity.url, at=activity.at
            )
        case "handover":
            return handover_entry(lead_id, activity.turn, language, reason=activity.text, at=activity.at)


async def _takeover(activity: ActivityDue, language: Language, crm: Crm, link: Link) -> Task:
    customer = await crm.read(link.contact_id or link.customer_id)
    name = customer.name if customer is not None else link.customer_id
    return handover_task(activity.lead_id, activity.turn, language, name=name, reason=activity.text)

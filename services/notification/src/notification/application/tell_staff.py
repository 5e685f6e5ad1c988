"""Tell the fleet's staff: decide for each member what is new to him, write it, and put it on its ways."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar

from contracts.envelope import Following, Timer, new_id
from notification.application.alert_ports import Incidents, Known, Notices, Staff, StaffNotice
from notification.application.hear_alerts import HearAlerts
from notification.application.ports import Session
from notification.domain.alert_letters import Words, trial, words_for
from notification.domain.incident import Awareness, Rhythm, learned, news_for
from notification.domain.staff import Member

MAIL, PUSH = "mail", "push:"


class StaffMailDue(Timer):
    """A notice has to go to a member of staff by mail."""

    aggregate: ClassVar[str] = "notice_id"

    notice_id: str


class StaffPushDue(Timer):
    """A notice has to go to one browser of a member of staff."""

    aggregate: ClassVar[str] = "notice_id"

    notice_id: str
    subscription_id: str


class TellStaff:
    """Looks at an incident when its time has come."""

    def __init__(
        self, *, incidents: Incidents, staff: Staff, notices: Notices, hear: HearAlerts, rhythm: Rhythm,
        observer_url: str | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._incidents = incidents
        self._staff = staff
        self._notices = notices
        self._hear = hear
        self._rhythm = rhythm
        self._observer_url = observer_url
        self._now = now

    async def look(self, session: Session, incident_id: str) -> list[Following]:
        """Tell everybody who has to be told by now; a look that comes too early, or twice, tells nobody anything."""
        group = await self._incidents.group_of(session, incident_id)
        if group is None:
            return []
        await self._incidents.lock(session, group)
        if await self._incidents.group_of(session, incident_id) is None:
            return []
        now = self._now()
        alerts = await self._incidents.alerts(session, incident_id)
        known = await self._incidents.known(session, incident_id)
        following: list[Following] = []
        for member in await self._staff.members(session):
            before = known.get(member.staff_id, Known(Awareness(), ""))
            news = news_for(member, alerts, before.aware, self._rhythm, now)
            if news is None:
                continue
            uncertain = await self._notices.uncertain(session, incident_id, member.staff_id)
            words = words_for(member, news, observer_url=self._observer_url, uncertain=uncertain)
            subject = before.subject or words.subject
            notice = _notice(
                member, words, now, thread=incident_id, number=before.aware.notices, kind=news.kind,
                critical=news.critical, subject=subject,
            )  # fmt: skip
            after = Known(learned(before.aware, news, now), subject)
            await self._incidents.learn(session, incident_id, member.staff_id, after)
            following += await self._sent(session, member, notice)
        return [*following, *await self._hear.next_look(session, incident_id, group)]

    async def trial(self, session: Session, member: Member) -> tuple[str, list[Following]]:
        """Send a member a trial by all of his ways; returns the notice's id."""
        words = trial(member.language)
        notice = _notice(
            member, words, self._now(), thread=new_id(), number=0, kind="trial", critical=False,
            subject=words.subject,
        )  # fmt: skip
        return notice.notice_id, await self._sent(session, member, notice)

    async def _sent(self, session: Session, member: Member, notice: StaffNotice) -> list[Following]:
        browsers = await self._staff.subscriptions(session, member.staff_id) if member.push else []
        following: list[Following] = [
            StaffPushDue(notice_id=notice.notice_id, subscription_id=browser.subscription_id)
            for browser in browsers
        ]
        ways = [f"{PUSH}{browser.subscription_id}" for browser in browsers]
        # Whoever wants push alone and has no browser any more would learn nothing.
        if member.mail or not browsers:
            following.append(StaffMailDue(notice_id=notice.notice_id))
            ways.append(MAIL)
        await self._notices.add(session, notice, ways)
        return following


def _notice(
    member: Member, words: Words, now: datetime, *, thread: str, number: int, kind: str, critical: bool, subject: str,
) -> StaffNotice:  # fmt: skip
    # One subject in the whole thread: mail programs that look at the subject too keep it together.
    return StaffNotice(
        new_id(), thread, member.staff_id, number, kind, critical, f"Re: {subject}" if number else subject, words.text,
        words.headline, words.line, now,
    )  # fmt: skip

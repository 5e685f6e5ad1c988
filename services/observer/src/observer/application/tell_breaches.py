"""Tell staff of critical breaches: one notice per group, updates of it, and that it is over; and remember it all."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid5

from contracts.operations.v1 import Texts, ThresholdExceeded, ThresholdRecovered
from observer.application.hold_thresholds import HeldThresholds
from observer.application.judge_fleet import JudgeFleet
from observer.application.ports import AlertRecords, Log, Voice, WatchOutage
from observer.domain.notices import Notice, Telling, to_tell
from observer.domain.words import Words, members, of_telling

_IDS = UUID("6f1a3c0e-7d52-5b8f-9a51-3f0f4c1f5d11")
"""The space of the ids of what is told: told again after a crash, it has the same id and is heard once."""


class TellBreaches:
    """What is open and what was told of it; both are kept, and held in memory while they cannot be."""

    def __init__(
        self, judged: JudgeFleet, thresholds: HeldThresholds, records: AlertRecords, voice: Voice, log: Log
    ) -> None:
        self._judged = judged
        self._thresholds = thresholds
        self._records = records
        self._voice = voice
        self._log = log
        self.notices: dict[str, Notice] = {}
        self._unkept: dict[str, Notice] = {}
        self._ended = set[str]()
        self._loaded = False

    async def load(self) -> None:
        """Read what was open before; tried again until the database answers."""
        if self._loaded:
            return
        try:
            alerts, notices = await self._records.open()
        except WatchOutage as error:
            self._log.trouble("alerts of before are not known yet", str(error))
            return
        self._judged.know(alerts)
        self.notices = {**notices, **self.notices}
        self._loaded = True

    def forget(self) -> None:
        """Somebody else judges and tells: when this one takes over, it begins with what was kept."""
        self._judged.forget()
        self.notices.clear()
        self._unkept.clear()
        self._ended.clear()
        self._loaded = False

    async def __call__(self, at: datetime) -> int:
        """Tell what is to be told; returns how many messages were said. What could not be said is tried again."""
        said = 0
        current = self._thresholds.current
        alerts = [*self._judged.alerts.values(), *self._judged.recovered]
        for telling in to_tell(
            alerts, self.notices, at,
            gather=timedelta(seconds=current.gather_seconds), update=timedelta(seconds=current.update_seconds),
        ):  # fmt: skip
            try:
                await self._say(telling, at)
            except WatchOutage as error:
                self._log.trouble("a breach could not be told and is tried again", str(error))
                continue
            self._note(telling)
            said += 1
        self._let_go()
        await self._keep()
        return said

    async def _say(self, telling: Telling, at: datetime) -> None:
        words = of_telling(telling)
        if telling.kind == "exceeded":
            message_id = uuid5(_IDS, f"{telling.notice.notice_id}/{telling.notice.update}")
            await self._voice.say(str(message_id), _exceeded(telling, words))
        else:
            message_id = uuid5(_IDS, f"{telling.notice.notice_id}/recovered")
            await self._voice.say(str(message_id), _recovered(telling, words, at))

    def _note(self, telling: Telling) -> None:
        notice = telling.notice
        if telling.kind == "exceeded":
            self.notices[notice.group] = self._unkept[notice.notice_id] = notice
            self._judged.tell(telling.new, notice.notice_id)
        else:
            del self.notices[notice.group]
            self._unkept.pop(notice.notice_id, None)
            self._ended.add(notice.notice_id)

    def _let_go(self) -> None:
        """What recovered of groups that have no open notice needs no more telling."""
        for group in {alert.group for alert in self._judged.recovered} - self.notices.keys():
            self._judged.settle(group)

    async def _keep(self) -> None:
        changed = list(self._judged.unkept.values())
        if not (changed or self._unkept or self._ended):
            return
        try:
            await self._records.keep(changed, list(self._unkept.values()), sorted(self._ended))
        except WatchOutage:
            return  # it is said already, by what keeps the series; they stay here until the database is back
        self._judged.unkept.clear()
        self._unkept.clear()
        self._ended.clear()


def _exceeded(telling: Telling, words: Words) -> ThresholdExceeded:
    head = telling.head
    return ThresholdExceeded(
        alert_id=telling.notice.notice_id, threshold=head.threshold, service=head.service, subject=head.subject,
        metric=head.metric, value=head.value, limit=head.limit, unit=head.unit, severity=head.severity,
        since=min(alert.since for alert in telling.members), summary=Texts(de=words.de, en=words.en),
        group=telling.notice.group, update=telling.notice.update, others=len(telling.members) - 1,
        members=members(telling),
    )  # fmt: skip


def _recovered(telling: Telling, words: Words, at: datetime) -> ThresholdRecovered:
    head = telling.head
    return ThresholdRecovered(
        alert_id=telling.notice.notice_id, threshold=head.threshold, service=head.service, subject=head.subject,
        metric=head.metric, value=head.value, since=telling.notice.opened_at,
        recovered_at=head.recovered_at or at, severity=head.severity, group=telling.notice.group,
        summary=Texts(de=words.de, en=words.en),
    )  # fmt: skip

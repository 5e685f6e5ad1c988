"""Forget advice and reports that are too old, with what came of them."""

from __future__ import annotations

from datetime import timedelta

from observer.application.advice_ports import AdviceRecords, ReportRecords
from observer.application.ports import Clock, WatchOutage


class ForgetAdvice:
    """Of each service the newest advice stays, and the newest that asked for a change: they are what still holds."""

    def __init__(self, advice: AdviceRecords, reports: ReportRecords, clock: Clock, age: timedelta) -> None:
        self._advice = advice
        self._reports = reports
        self._clock = clock
        self._age = age

    async def __call__(self) -> int:
        """Forget; returns how much. While the database does not answer nothing is forgotten, until the next time."""
        before = self._clock() - self._age
        try:
            return await self._advice.forget(before) + await self._reports.forget(before)
        except WatchOutage:
            return 0

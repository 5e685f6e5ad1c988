"""Hold in memory who may come in, so that a request never waits for tenancy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import time

from gateway.application.api_ports import AccessSource, AccessUnreachable, KeptAccess
from gateway.application.reading import Reading
from gateway.domain.access import Access

EVERY_SECONDS = 5.0
RETRY_SECONDS = 2.0
ASK_AGAIN_SECONDS = 1.0
"""An unknown key makes the state be read again, at most this often."""
KEEP_SECONDS = 60.0
"""How often the time of the last reading is kept for the next start."""
LATE_SECONDS = 30.0
"""From this age on /health says so."""
PATIENCE = 2.0


class AccessUnknown(Exception):
    """Nobody can say whether the caller may still come in: tenancy was not heard of for too long."""


class HeldAccess:
    """Tenancy is asked every 5 s. While it is down, what was read last holds for a stated time, then nobody comes in.

    The time counts from the last reading, also over a restart; that is why the wall clock is read.
    """

    def __init__(
        self, source: AccessSource, kept: KeptAccess, hold_seconds: float, clock: Callable[[], float] = time
    ) -> None:
        self._source = source
        self._kept = kept
        self._hold_seconds = hold_seconds
        self._clock = clock
        self._access: Access | None = None
        self._tag: str | None = None
        self._read_at: float | None = None
        self._asked_at: float | None = None
        self._kept_at = 0.0
        self._restored = False
        self._reading = Reading(self._read, every_seconds=EVERY_SECONDS, retry_seconds=RETRY_SECONDS)

    @property
    def hold_seconds(self) -> float:
        """For how long a state that cannot be read again holds."""
        return self._hold_seconds

    async def current(self) -> Access:
        """The state that holds now. Raises `AccessUnknown`."""
        if self._access is None:
            await self._reading.within(PATIENCE)
        if self._access is None or self._age > self._hold_seconds:
            raise AccessUnknown(
                "tenancy, which says who may come in, was not heard of for too long: come again"
            )
        return self._access

    async def key(self, key_id: str) -> Mapping[str, str] | None:
        """The public key of that id, if need be after asking tenancy again. Raises `AccessUnknown`."""
        found = (await self.current()).keys.get(key_id)
        if found is None and self._may_ask_again():
            await self._reading.within(PATIENCE)
            found = (await self.current()).keys.get(key_id)
        return found

    def notes(self) -> list[str]:
        """What /health should say."""
        if self._access is None or self._read_at is None:
            return ["tenancy did not say yet who may come in: tokens and API keys are refused with 503"]
        left = self._hold_seconds - self._age
        if self._age < LATE_SECONDS and left > 0:
            return []
        if left <= 0:
            return [
                f"who may come in was not read for {self._age:.0f} s: tokens and API keys are refused with 503"
            ]
        return [
            f"who may come in was not read for {self._age:.0f} s: what was read last holds for {left:.0f} s more, "
            "and what was revoked since is let in"
        ]

    def forget_age(self) -> None:
        """Something changed: read again at once."""
        self._reading.soon()

    async def changed(self) -> None:
        """Somebody just changed who may come in: read again before he is answered, if tenancy is quick."""
        if self._reading.under_way:
            # This reading may have begun before the change.
            await self._reading.within(PATIENCE)
        await self._reading.within(PATIENCE)

    async def run(self) -> None:
        """Read at the start, when something changed, and every 5 s; sooner after a failure."""
        await self._reading.run()

    async def read(self) -> None:
        """Ask tenancy once. A failure leaves what is held."""
        await self._reading.now()

    async def _read(self) -> bool:
        if not self._restored:
            self._restored = True
            if (kept := await self._kept.load()) is not None:
                self._access, self._read_at = kept
        self._asked_at = self._clock()
        try:
            fetched = await self._source.fetch(self._tag)
        except AccessUnreachable:
            return False
        if fetched is None and self._access is None:
            self._tag = None
            return False
        self._read_at = self._clock()
        if fetched is not None:
            self._access, self._tag = fetched
        if self._access is not None and (fetched is not None or self._read_at - self._kept_at > KEEP_SECONDS):
            self._kept_at = self._read_at
            await self._kept.save(self._access, self._read_at)
        return True

    @property
    def _age(self) -> float:
        # A clock that was set back must not make an old state young for ever.
        return abs(self._clock() - self._read_at) if self._read_at is not None else float("inf")

    def _may_ask_again(self) -> bool:
        return self._asked_at is None or abs(self._clock() - self._asked_at) >= ASK_AGAIN_SECONDS

"""How the Observer speaks: through its outbox; without the database straight to the broker; outside by a ping."""

from __future__ import annotations

import httpx

from chassis.intake import Intake, IntakeUnavailable
from contracts.envelope import Event
from contracts.operations.v1 import FLEET
from observer.adapters.clients import TooLarge, client, read
from observer.application.ports import WatchOutage


class FleetVoice:
    """The port `Voice`, over the chassis's intake: what was said under an id is not said again."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def say(self, message_id: str, event: Event) -> None:
        """Say an event in the fleet's own name. Raises `WatchOutage` when neither database nor broker takes it."""
        try:
            await self._intake.accept(FLEET, event, message_id)
        except IntakeUnavailable as error:
            raise WatchOutage(str(error)) from error


class HeartbeatUrl:
    """The port `Outside`: a GET to an address that expects one regularly, such as a healthchecks.io check."""

    def __init__(self, url: str, *, seconds: float) -> None:
        self._url = url
        self._seconds = seconds
        self._http = client(seconds=seconds, connections=2)

    async def close(self) -> None:
        """Give the connection back."""
        await self._http.aclose()

    async def beat(self) -> None:
        """One beat. Raises `WatchOutage`."""
        try:
            status, _ = await read(self._http, self._url, seconds=self._seconds, most=1024 * 1024)
        except (httpx.HTTPError, TimeoutError, TooLarge) as error:
            raise WatchOutage(f"OBSERVER_HEARTBEAT_URL does not answer ({type(error).__name__})") from error
        if status >= 300:
            raise WatchOutage(f"OBSERVER_HEARTBEAT_URL answers {status}")

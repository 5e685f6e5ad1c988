"""A small fleet for operators to look at: the Observer, tenancy, a service whose letters die, the journal, all real."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from chassis.errors import NeverRetry
from chassis.unit import UnitOfWork
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import new_id
from contracts.values import BlobRef
from notification.app import create_service as create_notification
from observer.adapters.advice_store import StoredAdvice, StoredReports
from observer.adapters.span_store import PostgresSpanStore
from observer.app import create_service
from observer.domain.advice import Advice
from observer.domain.explanation import Texts
from observer.domain.findings import Evidence, Finding, Gain, Measurement, Report
from observer.domain.sampling import KeptStory
from observer.domain.spans import SECOND, StorySpan
from observer.settings import known_services
from reporting.app import create_service as create_reporting
from tenancy.app import create_service as create_tenancy
from testkit.door import served
from testkit.people import CHEAP_HASHES, People, Somebody
from testkit.probe import Probe, create_probe
from testkit.replica import FakeReplica
from testkit.service import RunningService, running

STORY, REPORT, FINDING = "browser-story", "browser-report", "browser-finding"
UNHANDLED = "nobody can read this"


@dataclass
class OperatedFleet:
    """What runs, and whom it is for."""

    observer: RunningService
    probe: RunningService
    notification: RunningService
    works: Probe
    replica: FakeReplica
    """The service `ocr`, as the Observer sees it."""
    people: People
    operator: Somebody
    """Of those who run the fleet."""
    agent: Somebody
    environment: Mapping[str, str]
    """Of the Observer."""

    @property
    def url(self) -> str:
        """Where the page is."""
        return str(self.observer.http.base_url).rstrip("/")

    @property
    def admin_token(self) -> str:
        """What always lets in."""
        return self.observer.service.settings.admin_token.get_secret_value()

    async def dies(self, filename: str = "Kündigung.pdf") -> str:
        """A message that the probe cannot handle; its letter's id, when it lies at the desk."""

        async def fail(_: DocumentReceived, __: UnitOfWork) -> None:
            raise NeverRetry(UNHANDLED)

        self.works.work = fail
        event = DocumentReceived(
            document_id=new_id(), message_id=new_id(), filename=filename, received_at=datetime.now(UTC),
            blob=BlobRef(key="acme/0", size=1, media_type="application/pdf"),
        )  # fmt: skip
        said = await self.probe.wire.say(event, tenant_id="acme")
        async with asyncio.timeout(30):
            while True:
                for letter in await self.probe.service.dead_letters.listed():
                    if letter.message_id == said.id:
                        self.works.work = None
                        return str(letter.id)
                await asyncio.sleep(0.05)


@asynccontextmanager
async def operated_fleet(
    environment: Mapping[str, str], management_url: str | None, folder: Path
) -> AsyncIterator[OperatedFleet]:
    """Start it, with an operator, an agent, a failed story, an advice and a report."""
    works, replica = Probe(), FakeReplica("ocr", "ocr-1")
    thresholds = [{"name": "failing", "metric": "health_failing", "limit": 0, "severity": "critical"}]
    config = folder / "observer_config.json"
    config.write_text(json.dumps({"thresholds": thresholds}))
    async with (
        running(lambda: create_probe(works), environment) as probe,
        running(create_reporting, environment) as reporting,
        running(create_tenancy, {**environment, **CHEAP_HASHES}) as tenancy,
        running(create_notification, {**environment, "TENANCY_URL": _url(tenancy)}) as notification,
        served(replica.routes()) as ocr,
    ):
        seen = {
            "ocr": ocr, "probe": _url(probe), "reporting": _url(reporting), "tenancy": _url(tenancy),
            "notification": _url(notification),
        }  # fmt: skip
        services = {name: [seen[name]] if name in seen else [] for name in (*known_services(), "probe")}
        own = {
            **environment, "OBSERVER_SERVICES": json.dumps(services), "OBSERVER_CONFIG_PATH": str(config),
            "OBSERVER_RABBITMQ_URL": management_url or "", "OBSERVER_ROUND_SECONDS": "1",
            "OBSERVER_METRICS_SECONDS": "3", "OBSERVER_ADVICE_SECONDS": "3600", "OBSERVER_DESK_JOB_SECONDS": "0.1",
            "TENANCY_URL": _url(tenancy),
        }  # fmt: skip
        people = People(tenancy)
        async with running(create_service, own) as observer:
            await _furnish(observer)
            operator = await people.join("fleet", "super_admin", f"erika-{uuid4().hex[:6]}@frontdesk.test")
            agent = await people.join(await people.company(), "agent")
            yield OperatedFleet(observer, probe, notification, works, replica, people, operator, agent, own)


def _url(service: RunningService) -> str:
    return str(service.http.base_url).rstrip("/")


async def _furnish(observer: RunningService) -> None:
    now = datetime.now(UTC)
    await StoredAdvice(observer.service.units).keep(
        Advice(
            new_id(), "ocr", now - timedelta(hours=2), "out", "over_target", 1, 2,
            Texts("ocr: +1 Replikat → p95 41 s → 9 s", "ocr: +1 replica → p95 41 s → 9 s"), "document.received.v1",
            41.0, 9.0, 7.0, 14.0,
        )
    )  # fmt: skip
    await StoredReports(observer.service.units).keep(_report(now))
    await PostgresSpanStore(observer.service.database).keep([_story(now)])


def _report(now: datetime) -> Report:
    finding = Finding(
        FINDING, REPORT, "slow_endpoint", "reporting", "GET /api/v1/journal",
        Measurement("frontdesk_http_request_seconds", (("service", "reporting"),), "p95", "s"), 1.4, 0.2,
        now - timedelta(hours=6),
        Texts("reporting ist seit heute früh langsam", "reporting has been slow since this morning"),
        Texts("Den Index wiederherstellen.", "Bring the index back."), Gain(1.4, 0.2, "s", "arithmetic"),
        (Evidence("series", Texts("p95 stieg von 0,2 s auf 1,4 s", "p95 rose from 0.2 s to 1.4 s")),), found_at=now,
    )  # fmt: skip
    return Report(
        REPORT, "daily", now - timedelta(days=1), now, now, Texts("Tagesbericht", "Daily report"),
        Texts("Ein Dienst wurde langsamer.", "One service became slower."), (finding,), watched=4,
    )  # fmt: skip


def _story(now: datetime) -> KeptStory:
    """A mail that was answered late: ocr waited, then notification failed."""
    began, spans, parent = int((now - timedelta(minutes=5)).timestamp() * SECOND), list[StorySpan](), None
    for number, (service, name, begins, took, waited) in enumerate(
        (
            ("email-ingest", "email-ingest mailbox", 0.0, 0.4, 0.0),
            ("ocr", "ocr.document.received.v1", 31.4, 2.0, 31.0),
            ("notification", "notification.email.send.v1", 33.5, 0.6, 0.1),
        )
    ):
        failed = service == "notification"
        start = began + int(begins * SECOND)
        spans.append(
            StorySpan(
                f"{1:0>32}", f"{number + 1:0>16}", parent, service, name, "consumer", start, start + int(took * SECOND),
                failed=failed, error="VendorUnavailable" if failed else "",
                attributes={
                    "frontdesk.correlation_id": STORY, "frontdesk.tenant_id": "acme",
                    "frontdesk.subject": "lead/müßig", "frontdesk.waited_s": waited, "frontdesk.work_s": took,
                },
            )
        )  # fmt: skip
        parent = spans[-1].span_id
    return KeptStory(STORY, tuple(spans), failed=True, slow=True)

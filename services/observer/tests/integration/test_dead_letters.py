"""The dead letters' desk of the fleet: the observer, a service whose letters die, and reporting's journal, all real."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.desk_audit import DeskAudit
from chassis.errors import NeverRetry
from chassis.unit import UnitOfWork
from contracts.dead_letters.http_v1 import LetterFilter
from contracts.documents.v1 import DocumentReceived
from contracts.envelope import new_id
from contracts.values import BlobRef
from observer.adapters.desk_jobs import StoredJobs
from observer.adapters.desks import ServicesDesks
from observer.app import create_service
from observer.application.settle_many import SettleMany
from reporting.app import create_service as create_reporting
from testkit.probe import Probe, create_probe
from testkit.probe.service import notes_of
from testkit.service import RunningService, running

API = "/api/v1/fleet/dead-letters"
KEY = "document.received.v1"
AWAY = dict.fromkeys(
    (
        "gateway", "tenancy", "orchestrator", "conversation", "notification", "email-ingest", "ocr", "crm-sync",
        "file-management", "billing", "observer",
    ),
    "http://127.0.0.1:1",
)  # fmt: skip


@dataclass(frozen=True)
class Fleet:
    """What runs."""

    observer: RunningService
    probe: RunningService
    reporting: RunningService
    works: Probe
    addresses: Mapping[str, str]

    async def ask(self, method: str, path: str, body: object = None, **query: object) -> Any:
        answer = await self.answered(method, path, body, **query)
        assert answer.is_success, answer.text
        return answer.json()

    async def answered(self, method: str, path: str, body: object = None, **query: object) -> httpx.Response:
        return await self.observer.http.request(
            method, API + path, json=body, params={name: str(value) for name, value in query.items()},
            headers={"X-Actor": "user:erika"},
        )  # fmt: skip

    async def dies(self, tenant_id: str, filename: str = "Kündigung.pdf") -> dict[str, Any]:
        """A message that the probe cannot handle; its line at the desk, when it lies there."""
        event = DocumentReceived(
            document_id=new_id(), message_id=new_id(), filename=filename, received_at=datetime.now(UTC),
            blob=BlobRef(key="acme/0", size=1, media_type="application/pdf"),
        )  # fmt: skip
        said = await self.probe.wire.say(event, tenant_id=tenant_id)
        async with asyncio.timeout(30):
            while True:
                found = await self.ask("GET", "", service="probe", message_id=said.id)
                if found["letters"]:
                    return {**found["letters"][0], "document_id": event.document_id}
                await asyncio.sleep(0.05)

    async def job(self, job_id: str, state: str) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while (job := await self.ask("GET", f"/jobs/{job_id}"))["state"] != state:
                await asyncio.sleep(0.05)
        return job

    async def mended(self, tenant_id: str, count: int) -> None:
        """Wait until the probe has handled so many of a tenant's."""
        async with asyncio.timeout(30):
            while len(await notes_of(self.probe.service, tenant_id)) < count:
                await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
async def fleet(environment: Mapping[str, str]) -> AsyncIterator[Fleet]:
    works = Probe()
    async with (
        running(lambda: create_probe(works), environment) as probe,
        running(create_reporting, environment) as reporting,
    ):
        addresses = {**AWAY, "probe": str(probe.http.base_url), "reporting": str(reporting.http.base_url)}
        own = {"OBSERVER_SERVICES": json.dumps(addresses), "OBSERVER_DESK_JOB_SECONDS": "0.1"}
        async with running(create_service, {**environment, **own}) as observer:
            yield Fleet(observer, probe, reporting, works, addresses)


@pytest.fixture
async def failing(fleet: Fleet) -> AsyncIterator[Fleet]:
    """Whatever the probe hears dies, until the desk has it replayed: then `fleet.works.work` is None."""

    async def fail(_: DocumentReceived, __: UnitOfWork) -> None:
        raise NeverRetry("nobody can read this")

    fleet.works.work = fail
    yield fleet
    fleet.works.work = None


async def test_letters_of_all_services_are_one_list_and_who_does_not_answer_is_named(failing: Fleet) -> None:
    first, second = await failing.dies("list"), await failing.dies("list")
    await failing.reporting.service.dead_letters.bury(
        queue="reporting.journal", routing_key=KEY, message_id=new_id(), headers={"ce-tenantid": "list"}, body=b"?",
        error=ValueError("no JSON"), attempts=6,
    )  # fmt: skip

    pages, cursor = [], ""
    while cursor is not None:
        pages.append(
            await failing.ask("GET", "", tenant_id="list", limit=2, **({"cursor": cursor} if cursor else {}))
        )
        cursor = pages[-1]["next"]
    counts = await failing.ask("GET", "/counts", tenant_id="list")
    letters = [letter for page in pages for letter in page["letters"]]

    assert [letter["service"] for letter in letters] == ["reporting", "probe", "probe"]
    assert [letter["id"] for letter in letters[1:]] == [second["id"], first["id"]]
    assert all("body" not in letter for letter in letters)
    assert {one["service"] for one in pages[0]["away"]} == set(AWAY)
    assert [(one["service"], one["error_kind"], one["letters"]) for one in counts["counts"]] == [
        ("probe", "NeverRetry", 2), ("reporting", "ValueError", 1),
    ]  # fmt: skip


async def test_a_letter_is_shown_with_its_story_and_the_audit_says_who_looked(failing: Fleet) -> None:
    letter = await failing.dies("story")
    async with asyncio.timeout(20):
        while not (shown := await failing.ask("GET", f"/probe/{letter['id']}"))["story"]:
            await asyncio.sleep(0.05)
    answer = await failing.answered("GET", f"/probe/{letter['id']}")
    wrong_service = await failing.answered("GET", f"/reporting/{letter['id']}")
    no_service = await failing.answered("GET", f"/nobody/{letter['id']}")
    away = await failing.answered("GET", f"/ocr/{letter['id']}")
    audit = (await failing.ask("GET", "/audit", letter=letter["id"]))["deeds"]

    assert shown["body"]["filename"] == "Kündigung.pdf"
    assert [(line["type"], line["message_id"], line["source"]) for line in shown["story"]] == [
        (KEY, letter["message_id"], "test")
    ]
    assert answer.headers["cache-control"] == "no-store"
    assert [one.status_code for one in (wrong_service, no_service, away)] == [404, 404, 503]
    assert "ocr does not answer" in away.json()["detail"]
    assert [(deed["verb"], deed["actor"], deed["service"]) for deed in audit[:4]] == [
        ("show", "service: user:erika", name) for name in ("ocr", "nobody", "reporting", "probe")
    ]  # fmt: skip
    assert audit[3]["result"] == {"shown": True, "tenant_id": "story"}
    assert "there is no dead letter" in audit[2]["result"]["refused"]


async def test_a_letter_is_mended_and_replayed_and_handled_once_and_all_of_it_is_audited(
    failing: Fleet,
) -> None:
    letter = await failing.dies("mend")
    place = f"/probe/{letter['id']}"
    body = (await failing.ask("GET", place))["body"]
    failing.works.work = None

    refused = await failing.answered("POST", f"{place}/mend", {"body": {**body, "blob": None}})
    await failing.ask(
        "POST", f"{place}/mend", {"body": {**body, "filename": "größer.pdf"}, "reason": "umlauts"}
    )
    replayed = await failing.ask("POST", f"{place}/replay")
    again = await failing.answered("POST", f"{place}/replay")
    await failing.mended("mend", 1)
    audit = (await failing.ask("GET", "/audit", letter=letter["id"]))["deeds"]

    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert "blob" in refused.json()["detail"]
    assert again.status_code == 409
    assert replayed["settled_in"] == audit[1]["id"]
    assert [note.filename for note in await notes_of(failing.probe.service, "mend")] == ["größer.pdf"]
    assert failing.works.worked[letter["document_id"]] == 2
    assert [(deed["verb"], deed["reason"], *deed["result"]) for deed in audit] == [
        ("replay", None, "refused"), ("replay", None, "mends", "state"), ("mend", "umlauts", "mends", "state"),
        ("mend", None, "refused"), ("show", None, "shown", "tenant_id"),
    ]  # fmt: skip


async def test_many_are_replayed_at_a_rate_by_a_job_that_says_how_far_it_is(failing: Fleet) -> None:
    letters = [await failing.dies("many") for _ in range(3)]
    failing.works.work = None

    job = await failing.ask(
        "POST", "/replay", {"filter": {"tenant_id": "many"}, "service": "probe", "rate": 50}
    )
    done = await failing.job(job["id"], "done")
    await failing.mended("many", 3)
    settled = await failing.ask("GET", "", tenant_id="many", state="replayed")
    (deed,) = [one for one in (await failing.ask("GET", "/audit"))["deeds"] if one["id"] == job["id"]]

    assert done["parts"]["probe"] == {
        "state": "settled", "letters": 3, "waiting": 0, "taken_back": 0, "why": None,
    }  # fmt: skip
    assert {letter["settled_in"] for letter in settled["letters"]} == {job["id"]}
    assert [failing.works.worked[letter["document_id"]] for letter in letters] == [2] * 3
    assert (deed["verb"], deed["rate"], deed["filter"]["tenant_id"]) == ("replay", 50, "many")
    assert (deed["result"]["state"], deed["result"]["letters"]) == ("done", 3)


async def test_a_job_that_is_cancelled_takes_back_what_has_not_left_and_counts_what_has(
    failing: Fleet,
) -> None:
    letters = [await failing.dies("cancel") for _ in range(3)]
    failing.works.work = None
    named = [{"service": "probe", "id": letter["id"]} for letter in letters]

    job = await failing.ask("POST", "/replay", {"letters": named, "rate": 0.01})
    await failing.mended("cancel", 1)
    await failing.job(job["id"], "leaving")
    cancelled = await failing.answered("POST", f"/jobs/{job['id']}/cancel")
    ended = await failing.job(job["id"], "cancelled")
    late = await failing.answered("POST", f"/jobs/{job['id']}/cancel")
    dead = await failing.ask("GET", "", tenant_id="cancel")

    assert cancelled.status_code == 202
    assert (ended["parts"]["probe"]["taken_back"], ended["parts"]["probe"]["letters"]) == (2, 1)
    assert {letter["id"] for letter in dead["letters"]} == {letter["id"] for letter in letters[1:]}
    assert late.status_code == 409
    assert (await failing.answered("POST", "/jobs/nothing/cancel")).status_code == 404


async def test_a_job_goes_on_in_another_process_when_the_one_that_took_it_has_died(failing: Fleet) -> None:
    """Asked for by a process that ended before it had done anything; then by one that ended after the first asking."""
    letters = [await failing.dies("restart") for _ in range(3)]
    failing.works.work = None
    service = failing.observer.service
    desks = ServicesDesks(failing.addresses, service.settings.service_token, seconds=5)
    jobs = StoredJobs(service.database)
    died = SettleMany(desks, DeskAudit(service.database), jobs, lambda: datetime.now(UTC), seconds=60)

    job = await died.begin(
        "replay", actor="user:gone", wanted=LetterFilter(tenant_id="restart"), service="probe", rate=50
    )
    await desks.replay_many("probe", replay_of(job.id, "restart"))
    done = await failing.job(job.id, "done")
    await failing.mended("restart", 3)

    assert done["parts"]["probe"]["letters"] == 3
    assert [failing.works.worked[letter["document_id"]] for letter in letters] == [2] * 3


async def test_a_service_that_is_away_is_named_by_the_job_and_asked_again(failing: Fleet) -> None:
    job = await failing.ask("POST", "/drop", {"letters": [{"service": "ocr", "id": "x"}], "reason": "old"})
    async with asyncio.timeout(20):
        while (shown := await failing.ask("GET", f"/jobs/{job['id']}"))["parts"]["ocr"]["state"] != "away":
            await asyncio.sleep(0.05)
    await failing.ask("POST", f"/jobs/{job['id']}/cancel")

    assert shown["state"] == "asking"
    assert shown["parts"]["ocr"]["why"] == "ConnectError"


async def test_many_are_dropped_with_a_reason_and_never_come_again(failing: Fleet) -> None:
    letters = [await failing.dies("drop") for _ in range(2)]
    job = await failing.ask("POST", "/drop", {"filter": {"tenant_id": "drop"}, "reason": "a test"})
    async with asyncio.timeout(20):
        while (await failing.ask("GET", f"/jobs/{job['id']}"))["parts"]["probe"]["letters"] < 2:
            await asyncio.sleep(0.05)
    failing.works.work = None
    again = await failing.answered("POST", f"/probe/{letters[0]['id']}/replay")
    dropped = await failing.ask("GET", "", tenant_id="drop", state="dropped")

    assert again.status_code == 409
    assert [(letter["note"], letter["settled_by"]) for letter in dropped["letters"]] == [
        ("a test", "service: user:erika")
    ] * 2
    assert await notes_of(failing.probe.service, "drop") == []


async def test_only_those_who_run_the_fleet_reach_the_desk(fleet: Fleet) -> None:
    async def status(scopes: str, method: str, path: str, body: object = None) -> int:
        headers = {"X-Scopes": scopes, "X-Actor": "user:somebody", "X-Role": "super_admin"}
        return (await fleet.observer.http.request(method, API + path, json=body, headers=headers)).status_code

    assert await status("leads:read", "GET", "") == 403
    assert await status("fleet:read", "GET", "/jobs") == 200
    assert await status("fleet:read", "POST", "/drop", {"filter": {}, "reason": "x"}) == 403
    assert await status("fleet:write", "POST", "/replay", {"rate": 5}) == 422


async def test_the_audit_can_be_added_to_and_nothing_else(fleet: Fleet) -> None:
    await fleet.answered("GET", "/nobody/x")
    for statement in (
        "update desk_audit set actor = 'x'",
        "update desk_audit set result = '{}' where ended_at is not null",
        "delete from desk_audit",
    ):
        with pytest.raises(DBAPIError, match="only ever added to"):
            async with fleet.observer.service.units.fleet() as session:
                await (await session.connection()).execute(text(statement))


def replay_of(action: str, tenant_id: str) -> Any:
    from contracts.dead_letters.http_v1 import ReplayManyOrder

    return ReplayManyOrder(
        by="user:gone", action=action, filter=LetterFilter(tenant_id=tenant_id), rate=50, limit=2,
        starts_at=datetime.now(UTC) + timedelta(milliseconds=50),
    )  # fmt: skip

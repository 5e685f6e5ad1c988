"""Staff are told of alerts by mail and push: on real broker, database, SMTP and a push service that checks."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import httpx
import pytest
from sqlalchemy import text

from contracts.envelope import new_id
from contracts.operations.v1 import FLEET, ThresholdExceeded, ThresholdRecovered
from notification.app import create_service
from testkit.mail import AcceptedMail
from testkit.sandbox import Sandbox
from testkit.service import RunningService, running

POST = "post@betrieb.test"
WINDOW, PAUSE = 0.6, 1.5
STORM = 12


@dataclass
class Duty:
    """The service, and somebody of the staff with a mailbox and a browser."""

    service: RunningService
    sandbox: Sandbox
    staff_id: str
    email: str
    endpoint: str

    @property
    def http(self) -> httpx.AsyncClient:
        return self.service.http

    async def breach(self, group: str, name: str = "a", **changes: object) -> ThresholdExceeded:
        event = breach(group, name, **changes)
        await self.service.wire.say(event, tenant_id=FLEET)
        return event

    async def recover(self, event: ThresholdExceeded) -> None:
        await self.service.wire.say(recovery(event), tenant_id=FLEET)

    async def letters(self, count: int, *, to: str | None = None, within: float = 15) -> list[AcceptedMail]:
        """Wait for so many letters, oldest first."""
        async with asyncio.timeout(within):
            while len(found := await self.sandbox.mail.sent(to=to or self.email)) < count:
                await asyncio.sleep(0.05)
        return found

    async def told(self, names: list[str], *, within: float = 30) -> list[list[str]]:
        """Wait until the letters tell all these breaches; the names that each tells as new, oldest letter first."""
        async with asyncio.timeout(within):
            while True:
                letters = [plain(mail) for mail in await self.sandbox.mail.sent(to=self.email)]
                fresh = [letter.partition("Weiterhin überschritten")[0] for letter in letters]
                found = [[name for name in names if f"({name})" in words] for words in fresh]
                if {name for told in found for name in told} == set(names):
                    return found
                await asyncio.sleep(0.05)

    async def shown(self, count: int, *, within: float = 15) -> list[dict[str, Any]]:
        """Wait for so many push messages on the browser; each as the person sees it, with its headers."""
        async with asyncio.timeout(within):
            while True:
                state = await self.sandbox.state("push")
                found = [
                    message
                    for message in cast("list[dict[str, Any]]", state["messages"])
                    if message["endpoint"] == self.endpoint
                ]
                if len(found) >= count:
                    return [message | {"shown": json.loads(message["shown"])} for message in found]
                await asyncio.sleep(0.05)

    async def deliveries(self, *wanted: str, within: float = 15) -> list[dict[str, Any]]:
        """Wait until this member's deliveries have these states, however sorted."""
        async with asyncio.timeout(within):
            while True:
                found = [
                    delivery
                    for notice in (await self.http.get("/api/v1/fleet/notices?limit=200")).json()
                    if notice["staff_id"] == self.staff_id
                    for delivery in notice["deliveries"]
                ]
                if sorted(delivery["state"] for delivery in found) == sorted(wanted):
                    return found
                await asyncio.sleep(0.05)

    async def decided(self) -> list[datetime]:
        """When it was decided to tell this member something, oldest first."""
        notices = (await self.http.get("/api/v1/fleet/notices?limit=200")).json()
        own = [one for one in notices if one["staff_id"] == self.staff_id]
        return sorted(datetime.fromisoformat(one["created_at"]) for one in own)

    async def heard_first(self, group: str) -> datetime:
        """When the first breach of a group was heard."""
        async with self.service.service.database.transaction(FLEET) as session:
            found = await session.execute(  # pyright: ignore[reportDeprecated]
                text('select min(heard_at) from notification.alerts where "group" = :group'), {"group": group}
            )
            moment: datetime = found.scalar_one()
            return moment


def breach(group: str, name: str = "a", **changes: object) -> ThresholdExceeded:
    values: dict[str, object] = {
        "alert_id": f"{group}-{name}", "threshold": "critical_endpoint_latency", "service": "orchestrator",
        "subject": "GET /api/v1/leads", "metric": "latency_quantile", "value": 1812.5, "limit": 500, "unit": "ms",
        "severity": "critical", "since": datetime.now(UTC) - timedelta(minutes=1), "group": group,
        "summary": {"de": f"Anfragen zögern übermäßig ({name})", "en": f"Requests are far too slow ({name})"},
    }  # fmt: skip
    return ThresholdExceeded.model_validate(values | changes)


def recovery(event: ThresholdExceeded) -> ThresholdRecovered:
    return ThresholdRecovered(
        alert_id=event.alert_id, threshold=event.threshold, service=event.service, subject=event.subject,
        metric=event.metric, value=120, since=event.since, recovered_at=datetime.now(UTC), severity=event.severity,
        group=event.group, summary=event.summary,
    )  # fmt: skip


def plain(mail: AcceptedMail, subtype: str = "plain") -> str:
    part = mail.message.get_body((subtype,))
    assert part is not None
    content: str = part.get_content()
    return content


@pytest.fixture(scope="module")
async def service(environment: Mapping[str, str], sandbox: Sandbox) -> AsyncIterator[RunningService]:
    await sandbox.reset()
    await sandbox.mail.create_mailbox(POST, "flotte")
    host, _, port = sandbox.address("smtp").rpartition(":")
    own = {
        "TENANCY_URL": "http://127.0.0.1:9",
        "NOTIFICATION_SMTP_SECONDS": "3",
        "NOTIFICATION_FLEET_SMTP_HOST": host,
        "NOTIFICATION_FLEET_SMTP_PORT": port,
        "NOTIFICATION_FLEET_SMTP_USERNAME": POST,
        "NOTIFICATION_FLEET_SMTP_PASSWORD": "flotte",
        "NOTIFICATION_FLEET_SMTP_SENDER": f"Betrieb <{POST}>",
        "NOTIFICATION_FLEET_SMTP_CA_FILE": sandbox.address("ca"),
        "NOTIFICATION_OBSERVER_URL": "https://observer.betrieb.test/",
        "NOTIFICATION_ALERT_WINDOW_SECONDS": str(WINDOW),
        "NOTIFICATION_ALERT_UPDATE_SECONDS": str(PAUSE),
    }
    async with running(create_service, {**environment, **own}) as service:
        yield service


@pytest.fixture
async def duty(service: RunningService, sandbox: Sandbox) -> AsyncIterator[Duty]:
    email = f"anna-{new_id()[-12:]}@betrieb.test"
    await sandbox.mail.create_mailbox(email, "geheim")
    member = await service.http.post("/api/v1/fleet/staff", json={"email": email})
    assert member.status_code == 201, member.text
    staff_id = member.json()["staff_id"]
    key = (await service.http.get("/api/v1/fleet/push-key")).json()["public_key"]
    browser = await sandbox.browser(key)
    made = await service.http.post(
        f"/api/v1/fleet/staff/{staff_id}/push-subscriptions", json={**browser, "device": "Telefon"}
    )
    assert made.status_code == 201, made.text
    yield Duty(service, sandbox, staff_id, email, str(browser["endpoint"]))
    await sandbox.clear_faults()
    await service.http.delete(f"/api/v1/fleet/staff/{staff_id}")


async def test_a_breach_and_its_recovery_stand_under_each_other_and_on_the_telephone(duty: Duty) -> None:
    group = f"g{new_id()[-12:]}"
    event = await duty.breach(group)
    [opened] = await duty.letters(1)
    await duty.recover(event)
    _, recovered = await duty.letters(2)
    first, second = await duty.shown(2)

    assert opened.message["Subject"] == "Kritisch: Anfragen zögern übermäßig (a)"
    for subtype in ("plain", "html"):
        told = plain(opened, subtype)
        for words in ("orchestrator, GET /api/v1/leads", "1.812 ms, erlaubt: 500 ms", "Seit: ",
                      "https://observer.betrieb.test/"):  # fmt: skip
            assert words in told
    assert "Behoben: Alle Werte liegen wieder im Rahmen." in plain(recovered)
    assert recovered.message["References"] == opened.message["Message-ID"]
    assert recovered.message["In-Reply-To"] == opened.message["Message-ID"]
    assert recovered.message["Subject"] == f"Re: {opened.message['Subject']}"
    assert opened.message["Auto-Submitted"] == "auto-generated"
    assert first["shown"]["title"] == "Kritisch"
    assert "zögern übermäßig" in first["shown"]["body"]
    assert second["shown"]["title"] == "Behoben"
    assert (first["urgency"], first["topic"], first["shown"]["tag"]) == (
        "high", second["topic"], second["shown"]["tag"],
    )  # fmt: skip
    assert "@" not in json.dumps(first["shown"])


async def test_a_storm_is_gathered_and_each_of_its_breaches_told_once_as_new(duty: Duty) -> None:
    """One notice for the window, then at most one for each pause, however slow the machine is (who comes when: test_incident)."""
    group = f"g{new_id()[-12:]}"
    storm, later = [f"n{number:02}" for number in range(STORM)], ["n97", "n98", "n99"]
    await asyncio.gather(*(duty.breach(group, name) for name in storm))
    first = await duty.told(storm)
    for name in later:
        await duty.breach(group, name)
    told = await duty.told([*storm, *later])
    decided = await duty.decided()
    await duty.recover(breach(group, "n00"))
    *_, over = await duty.letters(len(told) + 1)

    assert sorted(name for letter in told for name in letter) == [*storm, *later]
    assert all(name in storm for letter in first for name in letter)
    assert all(told), "a letter told nothing new"
    assert len(decided) == len(told)
    assert decided[0] - await duty.heard_first(group) >= timedelta(seconds=WINDOW)
    gaps = [after - before for before, after in pairwise(decided)]
    assert min(gaps) >= timedelta(seconds=PAUSE)
    opened = (await duty.letters(1))[0]
    assert f"(und {len(first[0]) - 1} weitere)" in opened.message["Subject"]
    assert "Behoben" in plain(over)


async def test_the_same_breach_again_and_a_recovery_that_overtook_its_breach_are_told_once(
    duty: Duty,
) -> None:
    group = f"g{new_id()[-12:]}"
    event = breach(group)
    ended = recovery(event)
    envelope = await duty.service.wire.say(ended, tenant_id=FLEET)
    earlier = (envelope.time - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    for _ in range(2):
        await duty.service.wire.say(event, tenant_id=FLEET, headers={"ce-time": earlier})
    [letter] = await duty.letters(1)
    assert "waren überschritten und sind es nicht mehr" in plain(letter)
    await duty.deliveries("sent", "sent")


async def test_in_english_and_only_what_was_asked_for(duty: Duty) -> None:
    changed = await duty.http.put(
        f"/api/v1/fleet/staff/{duty.staff_id}",
        json={"email": duty.email, "language": "en", "severities": ["critical"], "push": False},
    )
    assert changed.status_code == 200
    await duty.breach(f"g{new_id()[-12:]}", severity="warning")
    await duty.breach(f"g{new_id()[-12:]}", "b")
    [letter] = await duty.letters(1)
    assert letter.message["Subject"] == "Critical: Requests are far too slow (b)"
    assert "1,812 ms, allowed: 500 ms" in plain(letter)
    await duty.deliveries("sent")


async def test_a_letter_whose_fate_is_unknown_is_not_repeated_and_is_told_with_the_next(duty: Duty) -> None:
    group = f"g{new_id()[-12:]}"
    await duty.sandbox.mail.fault("smtp", "message", "accept_then_cut", address=POST)
    event = await duty.breach(group)
    await duty.shown(1)
    await duty.deliveries("sent", "uncertain")
    health = (await duty.http.get("/health")).text
    assert "staff could not be told" in health
    await duty.recover(event)
    _, recovered = await duty.letters(2)
    assert "ist nicht bekannt; sie wurde nicht wiederholt" in plain(recovered)


async def test_a_browser_that_is_gone_is_forgotten_and_mail_still_arrives(duty: Duty) -> None:
    await duty.sandbox.seed("push", expired=[duty.endpoint])
    await duty.breach(f"g{new_id()[-12:]}")
    await duty.deliveries("sent", "gone")
    left = await duty.http.get(f"/api/v1/fleet/staff/{duty.staff_id}/push-subscriptions")
    assert left.json() == []


@pytest.mark.parametrize(("kind", "times"), [("429", 1), ("commit_then_cut", 1)])
async def test_a_push_service_that_is_not_there_is_asked_again(duty: Duty, kind: str, times: int) -> None:
    after = {"retry_after": 1.0} if kind == "429" else {}
    await duty.sandbox.fault("push", kind, path="/send/*", times=times, **after)
    await duty.breach(f"g{new_id()[-12:]}")
    await duty.letters(1)
    await duty.deliveries("sent", "sent", within=20)
    assert len(await duty.shown(1)) == (1 if kind == "429" else 2)


async def test_a_trial_goes_by_all_ways(duty: Duty) -> None:
    made = await duty.http.post(f"/api/v1/fleet/staff/{duty.staff_id}/trial")
    [letter] = await duty.letters(1)
    [message] = await duty.shown(1)
    assert "Probe" in letter.message["Subject"]
    assert "Probe" in message["shown"]["title"]
    outcome = await duty.http.get(f"/api/v1/fleet/notices/{made.json()['id']}")
    assert len(outcome.json()) == 2


async def test_whether_somebody_is_reached_is_tried_from_the_command_line(
    duty: Duty, environment: Mapping[str, str]
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "frontdesk", "staff", "test", duty.email,
        env={**os.environ, **environment, "FRONTDESK_URL": str(duty.http.base_url).rstrip("/")},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, said.decode()
    assert [line.partition(":")[0] for line in said.decode().splitlines()] == ["mail", "push"]
    assert said.decode().count("sent") == 2
    assert len(await duty.letters(1)) == 1


async def test_what_is_kept_of_a_browser_lies_sealed_and_is_told_to_nobody(duty: Duty) -> None:
    shown = await duty.http.get(f"/api/v1/fleet/staff/{duty.staff_id}/push-subscriptions")
    assert [one["device"] for one in shown.json()] == ["Telefon"]
    assert duty.endpoint not in shown.text
    async with duty.service.service.database.transaction(FLEET) as session:
        statement = text("select row_to_json(s)::text from notification.push_subscriptions s")
        rows = (await session.execute(statement)).scalars().all()  # pyright: ignore[reportDeprecated]
    assert rows
    assert not any(duty.endpoint in row for row in rows)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"endpoint": "http://169.254.169.254/latest"}, "endpoint"),
        ({"endpoint": "http://push.example.org/x"}, "no https address"),
        ({"endpoint": "file:///etc/passwd"}, "no http(s) address"),
        ({"keys": {"p256dh": "AAAA", "auth": "AAAA"}}, "P-256"),
    ],
)
async def test_what_is_no_subscription_is_refused(
    duty: Duty, change: dict[str, object], complaint: str
) -> None:
    key = (await duty.http.get("/api/v1/fleet/push-key")).json()["public_key"]
    browser = await duty.sandbox.browser(key)
    answer = await duty.http.post(
        f"/api/v1/fleet/staff/{duty.staff_id}/push-subscriptions", json=browser | change
    )
    assert (answer.status_code, complaint in answer.json()["detail"]) == (422, True), answer.text


async def test_two_members_have_two_addresses(duty: Duty) -> None:
    again = await duty.http.post("/api/v1/fleet/staff", json={"email": duty.email})
    nobody = await duty.http.delete("/api/v1/fleet/staff/niemand")
    wrong = await duty.http.post("/api/v1/fleet/staff", json={"email": "niemand"})
    half = await duty.http.post("/api/v1/fleet/staff", json={"email": "b@b.test", "quiet_from": "22:00"})
    assert [answer.status_code for answer in (again, nobody, wrong, half)] == [409, 404, 422, 422]

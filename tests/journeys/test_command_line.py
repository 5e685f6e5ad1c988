"""The command line over a house that runs: the story of an enquiry, drafts, the brake, dead letters."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
import pytest_asyncio
from pydantic import JsonValue

from frontdesk.play.enquiry import DRAFTING, SENDING
from frontdesk.stack import Stack
from frontdesk.story.letters import direct_enquiry
from frontdesk.story.person import Story, draw_story
from testkit.house import QUIET_SECONDS, FurnishedHouse, furnished_house

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


@pytest_asyncio.fixture(scope="module")
async def house(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FurnishedHouse]:
    async with furnished_house(stack, tmp_path_factory.mktemp("command-line")) as house:
        yield house


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


async def test_trace_shows_an_enquiry_as_a_tree_by_correlation_id_and_by_lead(house: FurnishedHouse) -> None:
    story = _person(1)
    lead_id = await _enquire(house, story)
    sent = await house.first("message.sent.v1", lead_id, purpose="reply")

    by_correlation = await _frontdesk(house, "trace", sent.correlation_id)
    by_lead = await _frontdesk(house, "trace", f"lead/{lead_id}", "--tenant", SENDING)
    unknown = await _frontdesk(house, "trace", "lead/nobody")

    for said in (by_correlation, by_lead):
        assert said.code == 0, said.err
        for message in ("message.received.v1", "lead.created.v1", "reply.drafted.v1", "message.sent.v1"):
            assert message in said.out
    assert "─ lead.created.v1  orchestrator" in by_correlation.out
    assert (unknown.code, unknown.out) == (1, "")
    assert "knows nothing of lead/nobody" in unknown.err


async def test_drafts_are_listed_shown_sent_changed_and_dropped(house: FurnishedHouse) -> None:
    kept, changed, dropped = _person(2), _person(3), _person(4)
    leads = {story: await _drafted(house, story) for story in (kept, changed, dropped)}
    tenant = ("--tenant", DRAFTING)

    listed = await _frontdesk(house, "drafts", "list", *tenant)
    shown = await _frontdesk(house, "drafts", "show", leads[kept], *tenant)
    sent = await _frontdesk(house, "drafts", "send", leads[kept], *tenant)
    edited = await _frontdesk(
        house, "drafts", "send", leads[changed], "--text", "Rufen Sie mich bitte an.", *tenant
    )
    gone = await _frontdesk(house, "drafts", "drop", leads[dropped], *tenant)
    again = await _frontdesk(house, "drafts", "show", leads[dropped], *tenant)

    assert [said.code for said in (listed, shown, sent, edited, gone)] == [0] * 5
    for story, lead_id in leads.items():
        line = next(line for line in listed.out.splitlines() if line.startswith(lead_id))
        assert story.name in line
    assert kept.home.reference in shown.out
    assert "the company wants to see every reply first" in shown.out
    reply = await house.world.sent_matching(kept.email, lambda _: True)
    other = await house.world.sent_matching(changed.email, lambda _: True)
    assert kept.home.reference in reply.text
    assert "Rufen Sie mich bitte an." in other.text
    await asyncio.sleep(QUIET_SECONDS)
    assert await house.world.sent(to=dropped.email) == []
    assert again.code == 1
    assert "nothing waits" in again.err


async def test_nothing_leaves_while_a_company_is_paused_and_what_waited_leaves_when_it_is_resumed(
    house: FurnishedHouse,
) -> None:
    story, agent = _person(5), house.text("agent_email", DRAFTING)
    lead_id = await _drafted(house, story)
    known = {mail.number for mail in await house.world.sent(to=agent)}

    paused = await _frontdesk(house, "pause", DRAFTING)
    sent = await _frontdesk(house, "drafts", "send", lead_id, "--tenant", DRAFTING)
    later = _person(6)
    await _enquire(house, later, DRAFTING)
    await asyncio.sleep(QUIET_SECONDS)
    early = [
        mail
        for to in (story.email, later.email, agent)
        for mail in await house.world.sent(to=to)
        if mail.number not in known
    ]
    resumed = await _frontdesk(house, "resume", DRAFTING)

    assert [said.code for said in (paused, sent, resumed)] == [0, 0, 0]
    assert early == []
    await house.world.sent_matching(story.email, lambda _: True)
    draft = await house.world.sent_matching(agent, lambda mail: mail.number not in known)
    assert later.home.reference in draft.text
    assert len(await house.world.sent(to=story.email)) == 1


async def test_pausing_a_company_that_nobody_knows_says_so(house: FurnishedHouse) -> None:
    said = await _frontdesk(house, "pause", "nobody")

    assert said.code == 1
    assert said.err.startswith("frontdesk: 404")


async def test_somebody_who_is_invited_joins_and_logs_in(house: FurnishedHouse) -> None:
    email, password = "J.Gruen@Grün.test", "drei gelbe Blumentöpfe"

    invited = await _frontdesk(house, "invite", email, "--tenant", SENDING, "--role", "tenant_admin")
    joined = await _frontdesk(house, "join", invited.out.strip(), "--password", password)
    again = await _frontdesk(house, "join", invited.out.strip(), "--password", password)
    logged_in = await house.http.post("/api/v1/auth/login", json={"email": email, "password": password})

    assert (invited.code, joined.code, again.code) == (0, 0, 1), invited.err + joined.err
    assert f"is tenant_admin of {SENDING}" in joined.out
    assert "410" in again.err
    assert logged_in.status_code == 200


async def test_dead_letters_are_listed_shown_replayed_mended_and_dropped(
    house: FurnishedHouse, tmp_path: Path
) -> None:
    await house.sandbox.fault("weclapp", "malformed", times=1000)
    stories = [_person(number) for number in (7, 8, 9)]
    leads = [await _enquire(house, story) for story in stories]
    letters = [await _dead(house, lead_id) for lead_id in leads]
    await house.sandbox.clear_faults()

    listed = await _frontdesk(house, "dead-letters", "list")
    shown = await _frontdesk(house, "dead-letters", "show", letters[0])
    replayed = await _frontdesk(house, "dead-letters", "replay", letters[0])
    body = {**json.loads(shown.out[shown.out.rindex("\n\n") :]), "lead_id": leads[1], "name": "Dr. Mended"}
    body["contact_points"] = [{"kind": "email", "value": "mended@post.example"}]
    (tmp_path / "body.json").write_text(json.dumps(body), encoding="utf-8")
    mended = await _frontdesk(house, "dead-letters", "mend", letters[1], str(tmp_path / "body.json"))
    after_mending = await _frontdesk(house, "dead-letters", "replay", letters[1])
    dropped = await _frontdesk(house, "dead-letters", "drop", letters[2], "--reason", "a test")
    again = await _frontdesk(house, "dead-letters", "replay", letters[2])
    audit = await _frontdesk(house, "dead-letters", "audit", "--letter", letters[1])

    assert [said.code for said in (listed, shown, replayed, mended, after_mending, dropped)] == [0] * 6, (
        listed.err + shown.err + replayed.err + mended.err + after_mending.err + dropped.err
    )
    for letter in letters:
        line = next(line for line in listed.out.splitlines() if line.startswith(letter))
        assert "crm-sync" in line
        assert "lead.created.v1" in line
        assert "VendorContractBroken" in line
    assert stories[0].email in shown.out
    assert "reason   VendorContractBroken" in shown.out
    await house.first("customer.linked.v1", leads[0])
    await house.first("customer.linked.v1", leads[1])
    assert await _customers(house, stories[0].email) == 1
    assert await _customers(house, "mended@post.example") == 1
    assert await _customers(house, stories[2].email) == 0
    assert again.code == 1
    assert "no dead letter" in again.err
    left = await _frontdesk(house, "dead-letters", "list", "--state", "dropped", "--service", "crm-sync")
    assert left.out.startswith(letters[2])
    assert [line.split()[2] for line in audit.out.splitlines()] == ["replay", "mend"]
    assert "(api)" in audit.out


async def test_the_watch_is_asked_silenced_and_read_from_the_command_line(
    house: FurnishedHouse, tmp_path: Path
) -> None:
    async with asyncio.timeout(30):
        while (status := await _frontdesk(house, "watch", "status")).out.count("1/1 replicas") < 12:
            await asyncio.sleep(0.5)
    pdf = tmp_path / "report.pdf"
    unsaid = await _frontdesk(house, "watch", "silence", "--reason", "Umbau")
    made = await _frontdesk(
        house, "watch", "silence", "--service", "ocr", "--for", "60", "--reason", "Umbau der Größenmessung"
    )
    silences = await _frontdesk(house, "watch", "silences")
    ended = await _frontdesk(house, "watch", "silences", "--end", made.out.split()[0])
    thresholds = await _frontdesk(house, "watch", "thresholds")
    alerts = await _frontdesk(house, "watch", "alerts")
    advice = await _frontdesk(house, "watch", "advice", "--language", "de")
    written = await _frontdesk(house, "watch", "report", "--pdf", str(pdf))
    shown = await _frontdesk(house, "watch", "report", "--newest", "--language", "de")

    for said in (made, silences, ended, thresholds, alerts, advice, written, shown):
        assert said.code == 0, said.err
    assert "orchestrator" in status.out
    assert unsaid.code == 2
    assert "service ocr" in silences.out
    assert "Umbau der Größenmessung" in silences.out
    assert "latency_quantile > 500 ms" in thresholds.out
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert shown.out.startswith("# Bericht: was langsam ist")


async def test_many_dead_letters_are_counted_replayed_at_a_rate_and_worked_on_while_the_fleet_is_down(
    house: FurnishedHouse,
) -> None:
    await house.sandbox.fault("weclapp", "malformed", times=1000)
    leads = [await _enquire(house, _person(number)) for number in (20, 21)]
    letters = [await _dead(house, lead_id) for lead_id in leads]
    await house.sandbox.clear_faults()
    which = ("--service", "crm-sync", "--type", "lead.created.v1", "--error", "VendorContractBroken")

    counted = await _frontdesk(house, "dead-letters", "counts", *which, "--tenant", SENDING, "--since", "1h")
    unsaid = await _frontdesk(house, "dead-letters", "replay")
    down = {"FRONTDESK_URL": "http://127.0.0.1:1"}  # nobody answers there: the schemas themselves are asked
    listed = await _frontdesk(house, "dead-letters", "list", *which, environment=down)
    shown = await _frontdesk(house, "dead-letters", "show", letters[0], environment=down)
    one = await _frontdesk(house, "dead-letters", "replay", letters[0], environment=down)
    again = await _frontdesk(house, "dead-letters", "replay", letters[0], environment=down)
    many = await _frontdesk(house, "dead-letters", "replay", *which, "--rate", "20")
    job = many.out.split()[1]
    progress = await _frontdesk(house, "dead-letters", "jobs", job)
    audit = await _frontdesk(house, "dead-letters", "audit", "--letter", letters[0])

    for said in (counted, listed, shown, one, many, progress, audit):
        assert said.code == 0, said.err
    assert counted.out.split()[:4] == ["2", "crm-sync", "lead.created.v1", "VendorContractBroken"]
    assert unsaid.code == 1
    assert "say which" in unsaid.err
    assert {line.split()[0] for line in listed.out.splitlines()[:-1]} == set(letters)
    assert again.code == 1
    assert "it was replayed by frontdesk" in again.err
    assert "crm-sync" in progress.out
    for lead_id in leads:
        await house.first("customer.linked.v1", lead_id)
    assert [line.split()[2] for line in audit.out.splitlines()] == ["replay", "replay", "show"]
    assert audit.out.count("(command)") == 3


async def test_a_dead_letter_is_mended_in_an_editor(house: FurnishedHouse, tmp_path: Path) -> None:
    await house.sandbox.fault("weclapp", "malformed", times=1000)
    letter = await _dead(house, await _enquire(house, _person(22)))
    await house.sandbox.clear_faults()
    editor = tmp_path / "editor"
    editor.write_text(
        '#!/bin/sh\nsed -i \'s/"name": "[^"]*"/"name": "Frau Größer"/\' "$1"\n', encoding="utf-8"
    )
    editor.chmod(0o700)
    with_editor = {"EDITOR": str(editor), "TMPDIR": str(tmp_path)}

    mended = await _frontdesk(house, "dead-letters", "mend", letter, environment=with_editor)
    shown = await _frontdesk(house, "dead-letters", "show", letter)
    dropped = await _frontdesk(house, "dead-letters", "drop", letter, "--reason", "a test")

    assert mended.code == 0, mended.err
    assert '"name": "Frau Größer"' in shown.out
    assert "mended   " in shown.out
    assert dropped.code == 0, dropped.err


async def test_a_plan_is_bought_used_and_invoiced_and_the_ledger_is_the_invoice(
    house: FurnishedHouse,
) -> None:
    seeded = await _frontdesk(house, "billing", "seed")
    page = await _billing(house, "POST", "checkout", plan="starter")
    await house.sandbox.stripe.pay(str(page["url"]).rpartition("/")[2])
    await _until(house, "subscription", lambda found: found["licence"] == "active")
    lead_id = await _enquire(house, _person(30))
    await house.first("message.sent.v1", lead_id, purpose="reply")
    await _until(house, "leads?lead_id=" + lead_id, lambda found: _quantity(found, "message") == 2)
    await _billing(house, "POST", f"fleet/report?tenant_id={SENDING}")
    await house.sandbox.stripe.advance(32 * 86_400)
    await _until(house, "invoices", lambda found: len(found) == 2 and found[0]["status"] == "paid")

    first = await _billing(house, "GET", "invoices")
    books = await _billing(house, "GET", f"fleet/companies/{SENDING}/balances")
    used = await _frontdesk(house, "billing", "usage", SENDING)
    agreed = await _frontdesk(house, "billing", "reconcile", "--tenant", SENDING)

    balance = {line["account"]: Decimal(line["amount"]) for line in books if line["currency"] == "EUR"}
    lines = {line["unit"]: Decimal(line["quantity"]) for line in first[0]["lines"] if line["unit"]}
    assert "price frontdesk/plan/starter/EUR/29.00" in seeded.out
    assert lines["message"] == 2
    assert (balance["receivable"], balance["unbilled:message"]) == (0, 0)
    assert balance["cash"] == sum(Decimal(each["total"]) for each in first) >= Decimal("58.04")
    assert "message" in used.out
    assert (agreed.code, agreed.out.strip()) == (0, "Stripe and the ledger agree"), agreed.out + agreed.err


async def _billing(house: FurnishedHouse, method: str, path: str, **body: JsonValue) -> Any:
    answer = await house.http.request(
        method, f"/api/v1/billing/{path}", headers={"X-Tenant-Id": SENDING}, json=body or None
    )
    assert answer.is_success, answer.text
    return answer.json()


async def _until(house: FurnishedHouse, path: str, true: Callable[[Any], bool]) -> None:
    async with asyncio.timeout(60):
        while not true(await _billing(house, "GET", path)):
            await asyncio.sleep(0.1)


def _quantity(lines: list[dict[str, Any]], unit: str) -> int:
    return sum(line["quantity"] for line in lines if line["unit"] == unit)


async def _frontdesk(
    house: FurnishedHouse, *words: str, environment: Mapping[str, str] | None = None
) -> Said:
    """Run the command line as a person does, in a process of its own."""
    shared = house.plan.shared
    names = [
        "AMQP_URL",
        "DATABASE_URL",
        "BLOB_URL",
        "FRONTDESK_MASTER_KEY",
        "FRONTDESK_SERVICE_TOKEN",
        "FRONTDESK_ADMIN_TOKEN",
    ]
    given = environment or {}
    own = os.environ | {name: shared[name] for name in names} | {"FRONTDESK_LOCAL": str(house.plan.folder)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "frontdesk", *words,
        env={**own, **given},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode is not None
    return Said(process.returncode, out.decode(), err.decode())


async def _enquire(house: FurnishedHouse, story: Story, tenant_id: str = SENDING) -> str:
    letter = direct_enquiry(story, to=house.text("mailbox", tenant_id), at=datetime.now(UTC))
    await house.world.deliver(letter)
    return await house.lead_of(story.email, tenant_id)


async def _drafted(house: FurnishedHouse, story: Story) -> str:
    """A letter to the careful company, drafted; returns the lead's id."""
    lead_id = await _enquire(house, story, DRAFTING)
    await house.first("message.sent.v1", lead_id, DRAFTING, purpose="draft")
    return lead_id


async def _dead(house: FurnishedHouse, lead_id: str) -> str:
    """The id of the dead letter that keeps a lead out of the CRM."""
    async with asyncio.timeout(60):
        while True:
            for letter in await house.dead_letters():
                if letter.routing_key == "lead.created.v1" and lead_id.encode() in letter.body:
                    return letter.id
            await asyncio.sleep(0.1)


async def _customers(house: FurnishedHouse, email: str) -> int:
    tenants = cast("dict[str, dict[str, list[dict[str, JsonValue]]]]", await house.sandbox.state("weclapp"))
    parties = [party for entities in tenants.values() for party in entities.get("party", [])]
    return len([party for party in parties if party.get("email") == email])


def _person(number: int) -> Story:
    return draw_story(45_000 + number, datetime.now(UTC).date())

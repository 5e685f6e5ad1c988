"""The whole fleet in one process: enquiries from the webhook to the answer at the SMTP server, memory, start."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
from figures import Figure, beside, percentile
from ground import ROOT, Ground, Running, number
from pydantic import JsonValue

from frontdesk.fleet.seed import read_tenants, seed
from frontdesk.fleet.vendors import simulated_vendors
from frontdesk.play.world import World
from frontdesk.story.letters import Attachment, direct_enquiry
from frontdesk.story.payslip import scanned_payslip
from frontdesk.story.person import draw_story
from testkit.service import free_port

NAMES = ("enquiries", "enquiries_p95", "enquiry_with_scan", "fleet_memory", "fleet_start")
FLEET_ACCOUNT = ("fleet@frontdesk.test", "fleet-password")


@dataclass(frozen=True)
class _House:
    """The fleet, and the world around it."""

    program: Running
    gateway: str
    started_in: float
    tenants: Mapping[str, Mapping[str, JsonValue]]
    world: World


async def measure(ground: Ground, names: Sequence[str]) -> list[Figure]:
    """Start the house, let enquiries in, and weigh it."""
    async with _house(ground) as house:
        figures = await _enquiries(ground, house, names)
        if "enquiry_with_scan" in names:
            took = [await _with_scan(house, number_) for number_ in range(ground.size.rounds)]
            figures.append(beside("enquiry_with_scan", took, "s", [await _read_alone(ground)] * len(took)))
        weighed = number(await house.program.tell(weigh=True), "megabytes")
        bare_megabytes, bare_seconds = await _bare(ground)
        figures += [
            beside("fleet_memory", [weighed], "MB", [bare_megabytes]),
            beside("fleet_start", [house.started_in], "s", [bare_seconds]),
        ]
    return [figure for figure in figures if figure.name in names]


async def _enquiries(ground: Ground, house: _House, names: Sequence[str]) -> list[Figure]:
    rates: list[float] = []
    slow: list[float] = []
    bare: list[float] = []
    if "enquiries" in names or "enquiries_p95" in names:
        await _flood(ground, house, 10_000, count=5)
        for round_ in range(ground.size.rounds):
            bare.append(await _bare_mails(ground, house))
            rate, times = await _flood(ground, house, (round_ + 1) * 100_000, count=ground.size.enquiries)
            rates.append(rate)
            slow.append(percentile(times, 0.95))
    if not rates:
        return []
    # Beside the 95th percentile stands the time of a single enquiry while nothing else happens.
    alone = [(await _flood(ground, house, 900_000 + place, count=1))[1][0] for place in range(len(rates))]
    return [
        beside("enquiries", rates, "enquiries/s", bare),
        beside("enquiries_p95", slow, "s", alone),
    ]


async def _flood(ground: Ground, house: _House, first_seed: int, *, count: int) -> tuple[float, list[float]]:
    """Post so many enquiries at once, some twice; returns how many were answered per second, and after how long."""
    names = list(house.tenants)
    posted: dict[str, float] = {}
    known = await _mails(house.world)
    every = round(1 / ground.size.duplicates)
    at_a_time = asyncio.Semaphore(16)

    async def post(number_: int) -> None:
        story = draw_story(first_seed + number_, datetime.now(UTC).date())
        # Seeds draw few names: the address tells people apart.
        story = replace(story, email=f"p{first_seed + number_}.{story.email}")
        tenant = names[number_ % len(names)]
        letter = direct_enquiry(story, to=str(house.tenants[tenant]["mailbox"]), at=datetime.now(UTC))
        async with at_a_time:
            posted[story.email] = time.monotonic()
            for _ in range(2 if number_ % every == every - 1 else 1):
                await _post(house, tenant, f"d-{first_seed + number_}", letter.raw)

    await asyncio.gather(*(post(number_) for number_ in range(count)))
    answered: dict[str, float] = {}
    async with asyncio.timeout(60 + count * 5):
        while len(answered) < count:
            now = time.monotonic()
            seen = await _mails(house.world)
            for address in posted.keys() & (seen - known) - answered.keys():
                answered[address] = now
            await asyncio.sleep(0.1)
    took = max(answered.values()) - min(posted.values())
    return count / took, [answered[address] - began for address, began in posted.items()]


async def _with_scan(house: _House, number_: int) -> float:
    """One enquiry with a scanned page, from the webhook to the answer."""
    story = draw_story(800_000 + number_, datetime.now(UTC).date())
    story = replace(story, email=f"scan{number_}.{story.email}")
    tenant = next(iter(house.tenants))
    scan = Attachment("Gehaltsabrechnung.pdf", scanned_payslip(story))
    letter = direct_enquiry(
        story, to=str(house.tenants[tenant]["mailbox"]), at=datetime.now(UTC), attachments=[scan]
    )
    began = time.monotonic()
    await _post(house, tenant, f"scan-{number_}", letter.raw)
    await house.world.sent_matching(story.email, lambda _: True, within=120)
    return time.monotonic() - began


async def _post(house: _House, tenant: str, delivery_id: str, body: bytes) -> None:
    url = f"{house.gateway}/webhooks/mime/{tenant}-mail"
    answer = await house.world.post_webhook(url, _secret(tenant), delivery_id, body)
    if answer.status_code not in (200, 202):
        raise AssertionError(f"the gateway answered {answer.status_code}: {answer.text}")


async def _mails(world: World) -> set[str]:
    """Whom the SMTP server has mails for."""
    return {recipient for mail in await world.sent() for recipient in mail.recipients}


async def _bare_mails(ground: Ground, house: _House) -> float:
    addresses = house.world.vendors.addresses
    host, port = addresses["smtp"].split(":")
    answer = await ground.run(
        "bare_mails", host=host, port=int(port), ca_file=addresses["ca"], username=FLEET_ACCOUNT[0],
        password=FLEET_ACCOUNT[1], count=50,
    )  # fmt: skip
    return number(answer, "rate")


async def _read_alone(ground: Ground) -> float:
    """Seconds that bare pytesseract takes for such a page."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "scan.pdf"
        file.write_bytes(scanned_payslip(draw_story(1, datetime.now(UTC).date())))
        answer = await ground.run("bare_pages", files=[str(file)], at_a_time=1)
    return 1 / number(answer, "rate")


async def _bare(ground: Ground) -> tuple[float, float]:
    """Memory and start of a bare FastAPI process."""
    began = time.monotonic()
    async with ground.running("bare_route", port=free_port()) as bare:
        await bare.answer()
        took = time.monotonic() - began
        return number(await bare.tell(weigh=True), "megabytes"), took


@asynccontextmanager
async def _house(ground: Ground) -> AsyncIterator[_House]:
    async with AsyncExitStack() as stack:
        folder = ground.folder / "house"
        # What an earlier run left is not ours: its ports may be taken, and its mails went to the same people.
        shutil.rmtree(folder, ignore_errors=True)
        vendors = await stack.enter_async_context(simulated_vendors(folder / "sandbox"))
        # Once before, so that its start is measured with schemas and queues in place.
        async with _program(ground, folder, vendors.addresses) as first:
            await first.answer()
        program = await stack.enter_async_context(_program(ground, folder, vendors.addresses))
        ready = await program.answer()
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=180))
        world = World(vendors, http)
        tenants = _tenants(world, ground.size.tenants)
        await world.open_mailboxes([FLEET_ACCOUNT, *_accounts(tenants)])
        await seed(str(ready["tenancy"]), ground.environment["FRONTDESK_ADMIN_TOKEN"], tenants)
        yield _House(program, str(ready["gateway"]), number(ready, "seconds"), tenants, world)


@asynccontextmanager
async def _program(ground: Ground, folder: Path, addresses: Mapping[str, str]) -> AsyncIterator[Running]:
    async with ground.running(
        "house", folder=str(folder), environment=dict(ground.environment), vendors=dict(addresses)
    ) as program:
        yield program


def _tenants(world: World, count: int) -> dict[str, dict[str, JsonValue]]:
    """Companies like the demo's, whose answers leave at once: no burst window, no cap in reach, no mailbox watched."""
    model = read_tenants(ROOT / "deploy" / "tenants.yaml", world.places("muster"))["muster-immobilien"]
    made: dict[str, dict[str, JsonValue]] = {}
    for place in range(count):
        name = f"tenant-{place:02d}"
        credentials = model["credentials"]
        assert isinstance(credentials, dict)
        smtp = credentials["smtp"]
        assert isinstance(smtp, dict)
        own = {**smtp, "username": f"office@{name}.test", "password": f"password-{name}"}
        kept = {key: value for key, value in credentials.items() if key not in ("imap", "smtp")}
        made[name] = {
            **model,
            "mailbox": f"office@{name}.test",
            "agent_email": f"agent@{name}.test",
            "burst_window_seconds": 0,
            "replies_per_hour": 100_000,
            "hooks": [{"hook_id": f"{name}-mail", "source": "mime", "verifier": "hmac", "enabled": True, "secrets": [_secret(name)]}],
            "credentials": {**kept, "smtp": own},
        }  # fmt: skip
    return made


def _accounts(tenants: Mapping[str, Mapping[str, JsonValue]]) -> list[tuple[str, str]]:
    return [(str(one["mailbox"]), f"password-{name}") for name, one in tenants.items()]


def _secret(tenant: str) -> str:
    return f"a-secret-of-the-hook-of-{tenant}"

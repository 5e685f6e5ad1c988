"""The enquiries: persons drawn from a seed, each with a payslip of her own, handed in until the gateway says yes."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
from house import House

from frontdesk.story.letters import Attachment, Letter, direct_enquiry, portal_lead
from frontdesk.story.payslip import printed_payslip, scanned_payslip
from frontdesk.story.person import Story, draw_story

SCAN_EVERY = 10


@dataclass(frozen=True)
class Enquiry:
    """One person's enquiry."""

    number: int
    tenant_id: str
    story: Story

    @property
    def scanned(self) -> bool:
        """Whether the payslip comes as a picture."""
        return self.number % SCAN_EVERY == SCAN_EVERY // 2

    @property
    def email(self) -> str:
        """The person, as every vendor knows her."""
        return self.story.email


@dataclass
class Flood:
    """What was handed in so far."""

    house: House
    enquiries: Sequence[Enquiry]
    digests: dict[str, str] = field(default_factory=dict[str, str])
    """SHA-256 of each person's payslip, by her e-mail address."""
    outstanding: int = 0
    accepted: int = 0
    posts: int = 0
    refused: int = 0
    _desk: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=1))
    """One letter is written at a time: the PDF library's fonts are shared by all."""

    async def flow(self, dice: random.Random, seconds: float) -> None:
        """Hand all in, at random moments within `seconds`."""
        moments = sorted(dice.uniform(0, seconds) for _ in self.enquiries)
        async with asyncio.TaskGroup() as posting:
            for enquiry, moment in zip(self.enquiries, moments, strict=True):
                posting.create_task(self._hand_in_at(moment, enquiry, dice.uniform(0.3, 1.5)))

    async def _hand_in_at(self, moment: float, enquiry: Enquiry, pause: float) -> None:
        await asyncio.sleep(moment)
        loop = asyncio.get_running_loop()
        letter, digest = await loop.run_in_executor(self._desk, _written, enquiry, self._mailbox(enquiry))
        self.digests[enquiry.email] = digest
        await self._until_accepted(enquiry, letter, pause)

    async def _until_accepted(self, enquiry: Enquiry, letter: Letter, pause: float) -> None:
        """Post until 2xx, always under the same delivery id; refused for good is a bug and ends the run."""
        url, secret = self.house.hook(enquiry.tenant_id)
        delivery_id = hashlib.sha256(letter.raw).hexdigest()[:32]
        while True:
            self.outstanding += 1
            self.posts += 1
            try:
                answer = await self.house.world.post_webhook(url, secret, delivery_id, letter.raw)
            except httpx.HTTPError:
                answer = None
            finally:
                self.outstanding -= 1
            if answer is not None and answer.is_success:
                self.accepted += 1
                return
            if answer is not None and answer.status_code not in (429, 500, 502, 503, 504):
                raise RuntimeError(f"the gateway refused a letter: {answer.status_code} {answer.text}")
            self.refused += 1
            await asyncio.sleep(pause)

    def _mailbox(self, enquiry: Enquiry) -> str:
        return str(self.house.tenants[enquiry.tenant_id]["mailbox"])


def draw_enquiries(count: int, seed: int, tenants: Sequence[str]) -> list[Enquiry]:
    """As many persons, no two of them with the same address or telephone."""
    today = datetime.now(UTC).date()
    enquiries: list[Enquiry] = []
    known: set[str] = set()
    number = seed * 1_000_000
    while len(enquiries) < count:
        story = draw_story(number, today)
        number += 1
        if story.email in known or story.phone in known:
            continue
        known |= {story.email, story.phone}
        place = len(enquiries)
        enquiries.append(Enquiry(place, tenants[place % len(tenants)], story))
    return enquiries


def _written(enquiry: Enquiry, mailbox: str) -> tuple[Letter, str]:
    story = enquiry.story
    slip = scanned_payslip(story, half_page=True) if enquiry.scanned else printed_payslip(story)
    attachments = [Attachment("Gehaltsabrechnung.pdf", slip)]
    write = portal_lead if enquiry.number % 2 else direct_enquiry
    letter = write(story, to=mailbox, at=datetime.now(UTC), attachments=attachments)
    return letter, hashlib.sha256(slip).hexdigest()

"""`make chaos`: kill everything in turn under load, then count what came of it.

Every service is a process of its own. Enquiries flow in by the gateway's webhook, sent again until it says yes, while
services, broker and database are killed (`kill -9`) in turn; the simulated vendors never are. Some messages are
delivered twice. At the end everything is counted at the vendors, and the exit code is 1 if anything is lost or doubled.

With `--break inbox|claim|ack` that guard of delivery is switched off, and the exit code must be 1.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic

import asyncpg
import httpx
from again import Again, saying_again
from count import Line, count
from flood import Flood, draw_enquiries
from house import House, chaos_stack, running_house, stop_idle_stacks
from inflight import InFlight, in_flight
from killer import BROKER, DATABASE, Killer
from launch import BREAKS
from moments import MOMENTS, kill_at

from chassis.telemetry import configure_logs

QUIET_LOOKS = 5
"""How often in a row nothing must be under way; the broker's own count is a second old."""


class Options(argparse.Namespace):
    """What was asked for on the command line."""

    enquiries: int
    kills: int
    seed: int
    seconds: float
    patience: float
    again: float
    broken: str | None
    lease: float | None
    targets: list[str]
    moments: list[str]
    fork: bool
    keep: bool
    down: bool


class Chaos:
    """One run."""

    def __init__(self, options: Options, house: House) -> None:
        self.options = options
        self.house = house
        self.began = monotonic()
        self.enquiries = draw_enquiries(options.enquiries, options.seed, sorted(house.tenants))
        self.flood = Flood(house, self.enquiries)
        self.killer = Killer(house, self.flood, random.Random(f"{options.seed} kills"), self.say)
        self.again = Again(random.Random(f"{options.seed} again"), options.again)

    async def play(self) -> list[Line]:
        """Flood and kill, drain, say answered letters again, drain, count."""
        async with saying_again(self.house.amqp_url, self.again):
            progress = asyncio.create_task(self._tell_progress())
            moments = [
                asyncio.create_task(kill_at(vendor, self.killer, self.enquiries[place % len(self.enquiries)]))
                for place, vendor in enumerate(self.options.moments, start=1)
            ]
            try:
                dice = random.Random(f"{self.options.seed} flood")
                targets = self.options.targets or [*self.house.services, BROKER, DATABASE]
                await asyncio.gather(
                    self.flood.flow(dice, self.options.seconds),
                    self.killer.kill_in_turn(targets, self.options.kills, self.options.seconds),
                )
                self.say(
                    f"all {self.flood.accepted} letters are accepted, {self.flood.refused} posts were in vain"
                )
                go_on = await self._drained("everything")
                for vendor, task in zip(self.options.moments, moments, strict=True):
                    if not task.done():
                        self.say(f"the worst moment at {vendor} never came")
            finally:
                progress.cancel()
                for task in moments:
                    task.cancel()
                results = await asyncio.gather(*moments, return_exceptions=True)
            for result in results:
                if isinstance(result, Exception):
                    raise result
            if go_on:
                repeated = await self.again.letters_once_more()
                self.say(f"{repeated} letters, answered long ago, are delivered once more")
                await self._drained("what followed from that")
        return await self._counted()

    def say(self, words: str) -> None:
        """One line with the time."""
        print(f"{monotonic() - self.began:7.1f} s  {words}", flush=True)

    async def _drained(self, what: str) -> bool:
        """Wait until nothing is under way and nothing waits; with a broken guard, until something is doubled.

        Returns whether there is anything left to find out.
        """
        await self.house.ready()
        deadline, quiet, looks = monotonic() + self.options.patience, 0, 0
        while monotonic() < deadline:
            found = await self._look()
            quiet = quiet + 1 if found is not None and found.settled else 0
            if quiet >= QUIET_LOOKS:
                self.say(f"{what} is done: {found}")
                return True
            looks += 1
            if self.options.broken and looks % 5 == 0 and any(line.doubled for line in await self._counted()):
                self.say("something is doubled: no need to wait for the rest")
                return False
            await asyncio.sleep(1.0)
        self.say(f"{what} is not done after {self.options.patience:.0f} s: {await self._look()}")
        return True

    async def _look(self) -> InFlight | None:
        try:
            return await in_flight(self.house)
        except (OSError, TimeoutError, httpx.HTTPError, asyncpg.PostgresError):
            return None

    async def _counted(self) -> list[Line]:
        return await count(self.house, self.enquiries, self.flood.digests)

    async def _tell_progress(self) -> None:
        after, replies = 0, 0
        while True:
            await asyncio.sleep(10)
            with suppress(httpx.HTTPError):
                mails = await self._mails_after(after)
                after, replies = after + len(mails), replies + len(mails)
            self.say(
                f"         {self.flood.accepted} of {len(self.enquiries)} letters accepted, {replies} mails sent; "
                f"{await self._look() or 'broker or database is down'}"
            )

    async def _mails_after(self, number: int) -> list[object]:
        control = self.house.vendors.addresses["control"]
        answer = await self.house.http.get(f"{control}/mail/sent", params={"after": number})
        mails: list[object] = answer.json()["sent"]
        return mails


async def main(options: Options) -> int:
    """Play and print; returns the exit code."""
    if options.down:
        stop_idle_stacks()
        return 0
    _quieten()
    guard = f", without the guard '{options.broken}'" if options.broken else ""
    print(
        f"chaos: {options.enquiries} enquiries, {options.kills} kills, seed {options.seed}{guard}", flush=True
    )
    with chaos_stack() as stack:
        try:
            async with running_house(
                stack, seed=options.seed, broken=options.broken, lease=options.lease, fork=options.fork
            ) as house:
                chaos = Chaos(options, house)
                lines = await chaos.play()
                return _verdict(chaos, lines)
        finally:
            if not options.keep:
                stack.stop()


def _quieten() -> None:
    """A broker that is killed is no news here."""
    configure_logs("ERROR")
    for name in ("aiormq", "aio_pika", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _verdict(chaos: Chaos, lines: Sequence[Line]) -> int:
    killer, again = chaos.killer, chaos.again
    print(f"\n  {'':<38} {'wanted':>6} {'once':>6} {'lost':>6} {'doubled':>8}")
    for line in lines:
        print(line)
    for line in lines:
        for word, keys in (("lost", line.lost), ("doubled", line.doubled)):
            for key in keys[:10]:
                print(f"    {word}: {line.what}: {key}")
    starts = sum(service.starts for service in chaos.house.services.values())
    print(
        f"\n{killer.kills} kills, {killer.met_work} of them met work under way; {starts} starts of services; "
        f"{again.said} messages said, {again.repeated} of them delivered again; seed {chaos.options.seed}; "
        f"{monotonic() - chaos.began:.0f} s"
    )
    if killer.kills and killer.met_work * 2 < killer.kills:
        print("most kills met nothing: this run proves little; use more enquiries or less time")
        return 1
    wrong = [line for line in lines if not line.right]
    print("nothing is lost, nothing is doubled" if not wrong else "something is lost or doubled")
    return 1 if wrong else 0


def _options(arguments: Sequence[str] | None = None) -> Options:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--enquiries", type=int, default=500)
    parser.add_argument("--kills", type=int, default=36)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
    parser.add_argument(
        "--seconds", type=float, default=240.0, help="how long enquiries flow in and kills fall"
    )
    parser.add_argument("--patience", type=float, default=900.0, help="how long to wait for the rest")
    parser.add_argument("--again", type=float, default=0.05, help="share of messages delivered twice")
    parser.add_argument("--break", dest="broken", choices=sorted(BREAKS), help="switch a guard off; exits 1")
    parser.add_argument("--lease", type=float, help="longest lease of a claim, in seconds")
    parser.add_argument("--targets", type=_names, default=[], help="whom to kill, instead of everyone")
    parser.add_argument(
        "--moments", type=_names, default=list(MOMENTS), help="worst moments: smtp,graph,weclapp"
    )
    parser.add_argument(
        "--fork", action="store_true", help="fork services from a process that has imported them all"
    )
    parser.add_argument("--keep", action="store_true", help="leave broker and database running")
    parser.add_argument("--down", action="store_true", help="only stop what an earlier run left running")
    return parser.parse_args(arguments, namespace=Options())


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


if __name__ == "__main__":
    sys.exit(asyncio.run(main(_options())))

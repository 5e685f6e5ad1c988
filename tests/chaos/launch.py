"""Run one service as `python -m <package>` does, with a guard of delivery switched off, or with shorter leases.

    python launch.py [--without inbox|claim|ack] [--lease SECONDS] PACKAGE

The switches live here and nowhere else: the service's own code has no such door. What is replaced is looked for first,
so that a guard that was renamed fails loudly instead of staying on.
"""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from chassis import effects, hearing, inbox

Remembered = Mapping[str, Any]


class Order(NamedTuple):
    """Which service is to run, and what is changed in it."""

    package: str
    without: str | None = None
    lease: float | None = None

    def command(self) -> list[str]:
        """How to start it as a process: as in production, unless a guard is off or leases are short."""
        if self.without is None and self.lease is None:
            return [sys.executable, "-m", self.package]
        without = ["--without", self.without] if self.without else []
        lease = ["--lease", str(self.lease)] if self.lease is not None else []
        return [sys.executable, __file__, *without, *lease, self.package]


def without_inbox() -> None:
    """Nothing is known, everything is fresh."""

    async def knows(_: inbox.Inbox, message_id: str) -> bool:
        return False

    async def enter(_: inbox.Inbox, connection: object, message_ids: Sequence[str]) -> set[str]:
        return set(message_ids)

    _replace(inbox.Inbox, "knows", knows)
    _replace(inbox.Inbox, "enter", enter)


def without_claim() -> None:
    """An effect is done whenever it is asked for."""

    async def once(
        _: effects.Effects, tenant_id: str, key: str, *, look_up: object,
        call: Callable[[], Awaitable[Remembered]], lease: object = None,
    ) -> Remembered:  # fmt: skip
        return await call()

    _replace(effects.Effects, "once", once)


def without_ack() -> None:
    """A message is acknowledged as soon as it is there, before anything is done with it."""
    settle, acknowledge = hearing.Ear._settle, hearing.Ear._acknowledge  # pyright: ignore[reportPrivateUsage]

    async def acknowledge_then_settle(ear: hearing.Ear, delivery: Any) -> None:
        acknowledge(ear, delivery)
        await settle(ear, delivery)

    def known_to_be_done(*_: object) -> None:
        return None

    _replace(hearing.Ear, "_settle", acknowledge_then_settle)
    _replace(hearing.Ear, "_acknowledge", known_to_be_done)


def shorten_leases(seconds: float) -> None:
    """Claims of a dead process are looked at sooner; for the small form, where nobody waits two minutes."""
    once, longest = effects.Effects.once, timedelta(seconds=seconds)

    async def once_soon(
        self: effects.Effects, tenant_id: str, key: str, *, lease: timedelta = longest, **rest: Any
    ) -> Remembered:
        return await once(self, tenant_id, key, lease=min(lease, longest), **rest)

    _replace(effects.Effects, "once", once_soon)


BREAKS: dict[str, Callable[[], None]] = {
    "inbox": without_inbox,
    "claim": without_claim,
    "ack": without_ack,
}


def _replace(owner: type, name: str, by: object) -> None:
    getattr(owner, name)  # AttributeError when the guard is no longer where it was
    setattr(owner, name, by)


def run_service(order: Order) -> None:
    """Switch, then run the service."""
    if order.lease is not None:
        shorten_leases(order.lease)
    if order.without is not None:
        BREAKS[order.without]()
    # The modules beside this one are the test's own and no business of the service.
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]
    sys.argv = [order.package]
    runpy.run_module(order.package, run_name="__main__", alter_sys=True)


def main() -> None:
    """Run what the command line orders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--without", choices=sorted(BREAKS))
    parser.add_argument("--lease", type=float)
    parser.add_argument("package")
    run_service(Order(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()

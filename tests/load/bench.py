"""`make bench`: measure the product beside its floors; `--check` fails on what falls short."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import advice
import backups
import events
import hops
import houses
import ledger
import operators_page
import outages
import pages
import reads
import spans
import verifiers
import watch
import webhooks
from figures import Figure, keep, short_of, table
from ground import ROOT, Ground, Size, prepared_ground

Measure = Callable[[Ground, Sequence[str]], Awaitable[list[Figure]]]
GROUPS: tuple[tuple[tuple[str, ...], Measure], ...] = (
    (webhooks.NAMES, webhooks.measure),
    (verifiers.NAMES, verifiers.measure),
    (reads.NAMES, reads.measure),
    (outages.NAMES, outages.measure),
    (events.NAMES, events.measure),
    (hops.RELAY, hops.measure_relay),
    (hops.DELAY, hops.measure_delay),
    (ledger.NAMES, ledger.measure),
    (pages.NAMES, pages.measure),
    (houses.NAMES, houses.measure),
    (spans.NAMES, spans.measure),
    (advice.NAMES, advice.measure),
    (watch.NAMES, watch.measure),
    (operators_page.NAMES, operators_page.measure),
    (backups.NAMES, backups.measure),
)
NAMES = tuple(name for names, _ in GROUPS for name in names)
ON_REQUEST = frozenset(backups.NAMES)
"""Measured only when they are named: they fill a disk."""


def main() -> int:
    """Measure, print, keep; the exit code says whether everything is as expected."""
    options = _options()
    figures = asyncio.run(_measure(options))
    print(table(figures))
    if options.keep or not options.only:
        keep(figures, options.keep or ROOT / ".local" / "bench.json")
    missing = short_of(figures)
    for sentence in missing:
        print(f"falls short: {sentence}")
    return 1 if options.check and missing else 0


async def _measure(options: _Options) -> list[Figure]:
    wanted = options.only or [name for name in NAMES if name not in ON_REQUEST]
    figures: list[Figure] = []
    size = Size(
        rounds=options.rounds, events=options.events, seconds=options.seconds, enquiries=options.enquiries,
        pages=options.pages, tenants=options.tenants, megabytes=options.megabytes,
    )  # fmt: skip
    async with prepared_ground(size) as ground:
        for names, measure in GROUPS:
            chosen = [name for name in names if name in wanted]
            if chosen:
                print(f"… {', '.join(chosen)}", file=sys.stderr, flush=True)
                found = await measure(ground, chosen)
                for figure in found:
                    print(
                        f"  {figure.name}: {figure.value:g} {figure.unit}, ratio {figure.ratio}",
                        file=sys.stderr,
                    )
                figures += found
    return figures


class _Options(argparse.Namespace):
    only: list[str]
    check: bool
    keep: Path | None
    rounds: int
    events: int
    seconds: float
    enquiries: int
    pages: int
    tenants: int
    megabytes: int


def _options() -> _Options:
    size = Size()
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--check", action="store_true", help="exit 1 when a figure falls short")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", choices=NAMES, default=[], help="measure these alone"
    )
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where to; .local/bench.json by default")
    parser.add_argument("--rounds", type=int, default=size.rounds, help="rounds, of which the median counts")
    parser.add_argument("--events", type=int, default=size.events, help="events in a round")
    parser.add_argument("--seconds", type=float, default=size.seconds, help="seconds of HTTP load in a round")
    parser.add_argument("--enquiries", type=int, default=size.enquiries, help="enquiries in a round")
    parser.add_argument("--pages", type=int, default=size.pages, help="scanned pages in a round")
    parser.add_argument("--tenants", type=int, default=size.tenants, help="tenants")
    parser.add_argument(
        "--megabytes", type=int, default=size.megabytes, help="what backup_… and restore_… put away"
    )
    return parser.parse_args(namespace=_Options())


if __name__ == "__main__":
    sys.exit(main())

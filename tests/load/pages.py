"""Scanned pages read by the ocr service, beside bare pytesseract on the same pages."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from figures import Figure, beside
from ground import Ground, number

from frontdesk.story.payslip import scanned_payslip
from frontdesk.story.person import draw_story

NAMES = ("ocr_pages",)
AT_A_TIME = 2


async def measure(ground: Ground, _: Sequence[str]) -> list[Figure]:
    """Read, by turns."""
    ours: list[float] = []
    bare: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        files = _scans(Path(folder), ground.size.pages)
        for _round in range(ground.size.rounds):
            floor = await ground.run("bare_pages", files=list(files), at_a_time=AT_A_TIME)
            bare.append(number(floor, "rate"))
            read = await ground.run("ocr_pages", files=list(files), tenants=ground.size.tenants)
            ours.append(number(read, "rate"))
    return [beside("ocr_pages", ours, "pages/s", bare)]


def _scans(folder: Path, count: int) -> list[str]:
    files: list[str] = []
    for seed in range(count):
        file = folder / f"scan-{seed}.pdf"
        file.write_bytes(scanned_payslip(draw_story(seed, datetime.now(UTC).date())))
        files.append(str(file))
    return files

"""The folders in which documents are read: one for each, gone afterwards; what a killed process left is swept up."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import time

import structlog

_PREFIX = "frontdesk-ocr-"
_YOUNGEST = 60.0
"""Seconds that a folder is left alone after its last change: it may have been made, and not been locked yet."""
_log = structlog.get_logger("ocr.rooms")


@asynccontextmanager
async def room() -> AsyncIterator[Path]:
    """A folder of one's own, locked as long as it is used: the lock ends with this process, however that ends."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=_PREFIX))
    try:
        with _locked(folder):
            yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def sweep() -> None:
    """Remove the folders of processes that are gone: there are documents of people in them."""
    left = await asyncio.to_thread(_sweep)
    if left:
        _log.warning("folders of a reading that was cut off are removed", count=left)


def _sweep() -> int:
    count = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError, BlockingIOError):
            seen = folder.lstat()
            if seen.st_uid == os.getuid() and time() - seen.st_mtime > _YOUNGEST:
                with _locked(folder):
                    shutil.rmtree(folder, ignore_errors=True)
                    count += 1
    return count


@contextmanager
def _locked(folder: Path) -> Generator[None]:
    """Raises `BlockingIOError` while somebody else holds it."""
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)

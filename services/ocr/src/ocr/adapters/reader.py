"""Starts a reading process for each document, and judges how it ended. No hostile byte is parsed here."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from chassis.errors import RetryLater
from ocr.adapters.rooms import room
from ocr.domain.document import Method, Page, Reading, Reason, Unreadable
from ocr.domain.limits import Limits

_log = structlog.get_logger("ocr.reader")
_CRASHES = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP)
_OUT_OF_TIME = (signal.SIGXCPU,)
_LARGEST_RESULT = 32 * 1024 * 1024
_KEPT_SETTINGS = ("PATH", "LANG", "TESSDATA_PREFIX", "LD_LIBRARY_PATH")
"""What the reading process may know of our environment: no secret is among it."""


class ReaderFailed(RetryLater):
    """The reading process failed for a reason that is not the document's."""


class _UnreadableResult(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    reason: Reason
    detail: str


class _Result(BaseModel):
    """What the reading process writes; it has touched hostile bytes, so it is checked like anything from outside."""

    model_config = ConfigDict(extra="forbid", strict=True)
    cpu_seconds: float
    pages: list[str] = Field(default_factory=list)
    method: Method = "text"
    media_type: str = ""
    unreadable: _UnreadableResult | None = None


class ConfinedReader:
    """Reads documents, each in a process of its own that is killed with all its children when it takes too long."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._arguments = json.dumps(dataclasses.asdict(limits))

    async def read(self, data: bytes) -> Reading | Unreadable:
        """The document's text, or why there is none. Raises `ReaderFailed` when that is not the document's fault."""
        if not data:
            return Unreadable("empty", "The file is empty (0 bytes).")
        if len(data) > self._limits.file_bytes:
            most = self._limits.file_bytes // (1024 * 1024)
            return Unreadable("too_large", f"The file is larger than {most} MiB; please send it in parts.")
        async with room() as folder:
            await asyncio.to_thread((folder / "document").write_bytes, data)
            return await self._read(folder)

    async def _read(self, folder: Path) -> Reading | Unreadable:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "ocr.adapters.reading", str(folder / "document"), str(folder / "result"), self._arguments,
            cwd=folder, env=_environment(folder), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._limits.seconds):
                code = await process.wait()
        except TimeoutError:
            return Unreadable(
                "too_slow", f"Reading the document took longer than {self._limits.seconds:.0f} seconds."
            )
        finally:
            # The process leads a group of its own: Tesseract ends with it, however this ends.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        return self._judged(code, folder)

    def _judged(self, code: int, folder: Path) -> Reading | Unreadable:
        if code == 0:
            return _result(folder / "result")
        if -code in _OUT_OF_TIME:
            return Unreadable("too_slow", "Reading the document took more processor time than allowed.")
        if -code in _CRASHES:
            _log.warning("a document made its reader crash", signal=signal.Signals(-code).name)
            return Unreadable("damaged", "The document is damaged so badly that reading it failed.")
        raise ReaderFailed(
            f"the reading process ended with code {code}; run `python -m ocr.adapters.reading` by hand to see why "
            "(is Tesseract installed, with the languages deu, eng and osd?)"
        )


def _environment(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_SETTINGS if name in os.environ}
    return {"LANG": "C.UTF-8", **kept, "OMP_THREAD_LIMIT": "1", "TMPDIR": str(folder)}


def _result(path: Path) -> Reading | Unreadable:
    try:
        if path.stat().st_size > _LARGEST_RESULT:
            return Unreadable("too_large", "The document holds more text than can be kept.")
        result = _Result.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ReaderFailed(f"the reading process left no result ({type(error).__name__})") from error
    _log.debug("document read", cpu_seconds=result.cpu_seconds, pages=len(result.pages), method=result.method)
    if result.unreadable is not None:
        return Unreadable(result.unreadable.reason, result.unreadable.detail)
    pages = tuple(Page(number, text) for number, text in enumerate(result.pages, start=1))
    return Reading(pages, result.method, result.media_type)

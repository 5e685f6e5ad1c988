"""The walls around the reading process: memory, processor time, written bytes, and an end with its parent."""

from __future__ import annotations

import os
import resource
import signal
from types import FrameType

from ocr.domain.limits import Limits

_SECONDS_BETWEEN_LOOKS = 1.0


def confine(limits: Limits) -> None:
    """Limit this process and all that it starts. Must be called before the document is opened."""
    _limit(resource.RLIMIT_AS, limits.memory_bytes)
    _limit(resource.RLIMIT_CPU, limits.cpu_seconds)
    _limit(resource.RLIMIT_FSIZE, limits.written_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    os.nice(5)
    _end_with_parent()


def cpu_seconds() -> float:
    """Processor time that this process and its finished children took."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


def let_end() -> None:
    """Stop looking after the parent; afterwards an alarm would kill a process that is on its way out."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (allowed, allowed))


def _end_with_parent() -> None:
    """Kill the whole process group when the parent is gone: a killed service must not leave Tesseracts behind."""
    parent = os.getppid()

    def look(_signal: int, _frame: FrameType | None) -> None:
        if os.getppid() != parent and os.getpgrp() == os.getpid():
            os.killpg(0, signal.SIGKILL)

    signal.signal(signal.SIGALRM, look)
    # A system call that the timer interrupts goes on by itself (PEP 475).
    signal.setitimer(signal.ITIMER_REAL, _SECONDS_BETWEEN_LOOKS, _SECONDS_BETWEEN_LOOKS)

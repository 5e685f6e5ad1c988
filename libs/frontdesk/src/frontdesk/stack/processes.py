"""Starting a process that outlives its caller, and ending one without leaving children behind."""

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import psutil

from frontdesk.stack.errors import StackError


def start_detached(
    command: Sequence[str], *, output: Path, environment: Mapping[str, str], folder: Path | None = None
) -> int:
    """Start a process in a session of its own, holding none of the caller's files open; return its id."""
    with output.open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(environment),
            cwd=folder,
            start_new_session=True,
        )
    # The child is not ours to wait for: without this Python warns when the object goes.
    process.returncode = 0
    return process.pid


def find(pid_file: Path, *, name: str, mentions: str) -> psutil.Process | None:
    """The living process a pid file names, if it is the one meant and not a later bearer of the same number."""
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith(name):
            return None
        return process if mentions in " ".join(process.cmdline()) else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def family(process: psutil.Process) -> list[psutil.Process]:
    """The process and all its descendants."""
    try:
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def end(processes: Iterable[psutil.Process], *, patience: float) -> None:
    """Ask the processes to stop, and after `patience` seconds insist."""
    asked = list(processes)
    for process in asked:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    kill(_left(asked, seconds=patience))


def kill(processes: Iterable[psutil.Process]) -> None:
    """Kill the processes at once (signal 9) and wait until they are gone."""
    doomed = list(processes)
    for process in doomed:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    if left := _left(doomed, seconds=10):
        raise StackError(f"processes {[process.pid for process in left]} do not die; end them by hand")


def _left(processes: list[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Those that still live after a while; one whose parent has yet to take note of its end is dead."""
    deadline = time.monotonic() + seconds
    while (left := [process for process in processes if _lives(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _lives(process: psutil.Process) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(ready: Callable[[], bool], *, seconds: float, failed: Callable[[], str]) -> None:
    """Wait for a condition, and say what is known when it does not come."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise StackError(failed())
        time.sleep(0.1)

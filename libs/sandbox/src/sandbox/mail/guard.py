"""Run a program that ends when the process which started it ends, even by kill -9.

Called as a plain script (`python guard.py PARENT_ID PROGRAM ...`): it asks the kernel to kill it when
its parent is gone, then becomes the program. Dovecot's master, once killed, takes its children along.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent, then become the program named on the command line."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() != parent:  # it died before we could ask
        sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606 - no shell is the point


if __name__ == "__main__":
    main()

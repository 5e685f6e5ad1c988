"""The verbs of the command line: one module per group, listed here and nowhere else."""

from collections.abc import Callable

import typer

from frontdesk.commands import doctor, setup_check, stack

COMMANDS: list[Callable[[typer.Typer], None]] = [
    setup_check.register,
    stack.register,
    doctor.register,
]
"""What `frontdesk --help` shows, in this order."""

"""The verbs of the command line: one module per group, listed here and nowhere else.

A module imports what is slow to load (the chassis, the services) inside its functions, so that the others stay quick.
"""

from collections.abc import Callable

import typer

from frontdesk.commands import (
    brake,
    dead_letters,
    demo,
    doctor,
    drafts,
    generate,
    scaffold,
    setup_check,
    stack,
    trace,
    up,
)

COMMANDS: list[Callable[[typer.Typer], None]] = [
    setup_check.register,
    stack.register,
    doctor.register,
    up.register,
    demo.register,
    trace.register,
    dead_letters.register,
    drafts.register,
    brake.register,
    generate.register,
    scaffold.register,
]
"""What `frontdesk --help` shows, in this order."""

"""The verbs of the command line: one module per group, listed here and nowhere else.

A module only parses and prints. What is slow to load (the chassis, the services, an HTTP client) it imports inside its
functions, so that `frontdesk --help` and the light verbs stay quick; a test looks after that.
"""

from collections.abc import Callable

import typer

from frontdesk.commands import (
    backup,
    billing,
    brake,
    contracts_check,
    dead_letters,
    demo,
    doctor,
    drafts,
    generate,
    people,
    roster,
    scaffold,
    setup_check,
    stack,
    staff,
    story,
    trace,
    up,
    watch,
)

COMMANDS: list[Callable[[typer.Typer], None]] = [
    setup_check.register,
    stack.register,
    doctor.register,
    up.register,
    demo.register,
    trace.register,
    story.register,
    dead_letters.register,
    drafts.register,
    brake.register,
    billing.register,
    people.register,
    staff.register,
    backup.register,
    watch.register,
    generate.register,
    contracts_check.register,
    roster.register,
    scaffold.register,
]
"""What `frontdesk --help` shows, in this order."""

"""How dead letters, deeds and jobs are printed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from contracts.dead_letters.http_v1 import Deed, LetterCount, LetterLine, LetterShown
    from frontdesk.fleet.asked_desks import Job, StoryLine


def letter_line(letter: LetterLine) -> str:
    """One line of the list."""
    mended = "  mended" if letter.mends else ""
    return (
        f"{letter.id}  {letter.service:<16} {letter.routing_key:<26} {letter.tenant_id or '-':<20} "
        f"{letter.attempts} tries{mended}  {letter.error_kind}: {letter.error[:120]}"
    )


def count_line(count: LetterCount) -> str:
    """One line of the overview."""
    return (
        f"{count.letters:>6}  {count.service:<16} {count.routing_key:<26} {count.error_kind:<24} "
        f"{count.oldest:%Y-%m-%d %H:%M} to {count.newest:%Y-%m-%d %H:%M}"
    )


def letter_text(letter: LetterShown, story: Sequence[StoryLine] | None) -> str:
    """Everything about one; its body, as a replay would send it, comes last."""
    lines = [
        f"{letter.id} ({letter.state})",
        f"message  {letter.message_id}  {letter.routing_key}",
        f"queue    {letter.queue}",
        f"tenant   {letter.tenant_id}",
        f"story    {letter.correlation_id}",
        f"died     {letter.died_at} after {letter.attempts} tries",
        f"reason   {letter.error_kind}: {letter.error}",
        *(f"earlier  {one.id} died {one.died_at}, {one.state} by {one.settled_by}" for one in letter.earlier),
        *(
            f"mended   {one.mended_at} by {one.mended_by}{': ' + one.reason if one.reason else ''}"
            for one in letter.mended
        ),
    ]
    if letter.settled_at is not None:
        lines.append(
            f"settled  {letter.state} {letter.settled_at} by {letter.settled_by}: {letter.note or '-'}"
        )
    if letter.leaves_at is not None:
        lines.append(f"leaves   {letter.leaves_at}")
    for message in story or ():
        mark = "  <- this one" if message.message_id == letter.message_id else ""
        lines.append(f"  {message.said_at}  {message.type:<26} {message.source}{mark}")
    body = letter.mended[-1].body if letter.mended else letter.body
    parts = [
        "\n".join(lines),
        json.dumps(letter.headers, indent=1),
        json.dumps(body, indent=1, ensure_ascii=False),
    ]
    return "\n\n".join(parts)


def deed_line(deed: Deed) -> str:
    """One line of the audit."""
    which = " ".join(deed.letters) or (deed.filter.model_dump_json(exclude_none=True) if deed.filter else "")
    result = json.dumps(deed.result, ensure_ascii=False) if deed.result is not None else "(not known)"
    because = f"  because {deed.reason}" if deed.reason else ""
    return (
        f"{deed.began_at:%Y-%m-%d %H:%M:%S}  {deed.verb:<6} {deed.actor} ({deed.way})  {deed.service or 'all'}  "
        f"{which}{because}  {result}"
    )


def job_lines(job: Job) -> str:
    """A job, with a line for each service that has part in it."""
    parts = [
        f"    {name:<16} {part.state:<10} {part.letters} letters, {part.waiting} wait, {part.taken_back} taken back"
        + (f" ({part.why})" if part.why else "")
        for name, part in job.parts.items()
        if part.letters or part.why or part.taken_back
    ]
    return "\n".join([f"{job.id}  {job.verb} by {job.actor}: {job.state}", *parts])

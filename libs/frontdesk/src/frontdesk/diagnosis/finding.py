"""One thing that was looked at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report: what was found, and what to do when it is not well."""

    topic: str
    name: str
    ok: bool
    found: str
    advice: str = ""

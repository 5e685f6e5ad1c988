"""What is wrong with a configuration: everything at once, each thing where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong: where in the document (`hooks/0/secrets`), and what to do about it."""

    field: str
    message: str


class ConfigurationRefused(Exception):
    """The configuration has flaws; nothing of it was kept."""

    def __init__(self, flaws: Sequence[Flaw]) -> None:
        super().__init__("; ".join(f"{flaw.field}: {flaw.message}" for flaw in flaws))
        self.flaws = tuple(flaws)

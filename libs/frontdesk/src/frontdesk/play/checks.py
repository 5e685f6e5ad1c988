"""What came of a story, compared with what was drawn; every comparison is printed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Checks:
    """Comparisons made so far."""

    say: Callable[[str], None]
    failed: list[str] = field(default_factory=list[str])
    passed: int = 0

    def equal(self, what: str, found: object, drawn: object) -> None:
        """Compare."""
        self._note(found == drawn, f"{what}: {found}", f"{what}: {found!r} instead of {drawn!r}")

    def holds(self, what: str, truth: bool, otherwise: str = "") -> None:
        """Note whether something holds."""
        self._note(truth, what, f"{what} — {otherwise}" if otherwise else what)

    def contains(self, what: str, text: str, piece: str) -> None:
        """Look for words in a text, white space folded."""
        there = " ".join(piece.split()) in " ".join(text.split())
        self._note(there, f"{what}: “{piece}”", f"{what}: “{piece}” is not in “{text[:300]}”")

    def _note(self, truth: bool, good: str, bad: str) -> None:
        if truth:
            self.passed += 1
            self.say(f"  ✓ {good}")
        else:
            self.failed.append(bad)
            self.say(f"  ✗ {bad}")

"""The smallest service of the fleet: it keeps a note per message, and does to it what a test wants to see survived."""

from testkit.probe.service import Note, NoteDue, Probe, Work, create_probe

__all__ = ["Note", "NoteDue", "Probe", "Work", "create_probe"]

"""What is noted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Note:
    """That something was heard, what it was about, and when."""

    message_id: str
    subject: str
    heard_at: datetime

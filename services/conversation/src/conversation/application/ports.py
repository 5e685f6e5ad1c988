"""What drafting a reply needs from outside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Generic, Protocol, TypeVar

from contracts.conversations.v1 import DraftReply, ReplyDrafted
from conversation.domain.confidence import Observation
from conversation.domain.proposal import Proposal


class ModelFailed(Exception):
    """No model wrote a reply; the message says why, for people.

    `passing` says that waiting may help; then the adapter's own kind of this error is also understood by delivery.
    """

    passing: ClassVar[bool] = False


class Writer(Protocol):
    """Writes a proposal; a language model behind it."""

    async def write(self, enquiry: DraftReply, *, tenant_id: str, now: datetime) -> Proposal:
        """A proposal for all letters of the turn. Raises `ModelFailed`."""
        ...


@dataclass(frozen=True)
class Drafted:
    """The reply as it is said, and what was noticed while it was written."""

    reply: ReplyDrafted
    observations: tuple[Observation, ...]
    tokens: int
    drafted_at: datetime


Session = TypeVar("Session", contravariant=True)


class Drafts(Protocol, Generic[Session]):
    """The drafts that were written; `Session` is the store's own affair."""

    async def keep(self, session: Session, tenant_id: str, drafted: Drafted) -> Sequence[ReplyDrafted]:
        """Keep a draft, in place of an earlier one for the turn; returns what is to be said."""
        ...

    async def of(self, session: Session, tenant_id: str, lead_id: str) -> list[Drafted]:
        """A lead's drafts, newest turn first."""
        ...

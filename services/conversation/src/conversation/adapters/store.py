"""The drafts that were written, one per turn of a lead."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from pydantic import TypeAdapter
from sqlalchemy import DateTime, Numeric, Text
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlmodel import Field, SQLModel, col, select

from chassis import Session
from contracts.conversations.v1 import ReplyDrafted
from contracts.values import Cost, NamedValue
from conversation.application.ports import Drafted
from conversation.domain.confidence import Observation

_OBSERVATIONS = TypeAdapter(tuple[Observation, ...])


class DraftRow(SQLModel, table=True):
    """A draft; the columns are the fields of `ReplyDrafted`, and what was noticed while it was written."""

    __tablename__ = "drafts"  # pyright: ignore[reportAssignmentType] — SQLModel declares it as a callable
    __table_args__ = {"schema": "conversation"}

    tenant_id: str = Field(sa_type=Text, primary_key=True)
    lead_id: str = Field(sa_type=Text, primary_key=True)
    turn: int = Field(primary_key=True)
    text: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    intent: str = Field(sa_type=Text)
    sentiment: str = Field(sa_type=Text)
    confidence: float
    entities: list[dict[str, str]] = Field(sa_type=JSONB)
    facts_used: list[str] = Field(sa_type=JSONB)
    model: str = Field(sa_type=Text)
    offline: bool
    cost: Decimal | None = Field(default=None, sa_type=Numeric)
    currency: str | None = Field(default=None, sa_type=Text)
    tokens: int
    observations: list[str] = Field(sa_type=JSONB)
    drafted_at: datetime = Field(sa_type=DateTime(timezone=True))  # pyright: ignore[reportArgumentType]


class StoredDrafts:
    """The table of drafts."""

    async def keep(self, session: Session, tenant_id: str, drafted: Drafted) -> Sequence[ReplyDrafted]:
        """Keep a draft, in place of an earlier one for the turn; returns what is to be said."""
        values = _values(tenant_id, drafted)
        statement = insert(DraftRow).values(values)
        changed = {
            name: statement.excluded[name] for name in values if name not in ("tenant_id", "lead_id", "turn")
        }
        await session.exec(
            statement.on_conflict_do_update(index_elements=["tenant_id", "lead_id", "turn"], set_=changed)
        )
        return [drafted.reply]

    async def of(self, session: Session, tenant_id: str, lead_id: str) -> list[Drafted]:
        """A lead's drafts, newest turn first."""
        query = select(DraftRow).where(DraftRow.tenant_id == tenant_id, DraftRow.lead_id == lead_id)
        rows = await session.exec(query.order_by(col(DraftRow.turn).desc()).limit(100))
        return [_drafted(row) for row in rows]


def _values(tenant_id: str, drafted: Drafted) -> dict[str, object]:
    reply = drafted.reply
    return {
        "tenant_id": tenant_id,
        **reply.model_dump(exclude={"entities", "facts_used", "cost", "tokens"}),
        "entities": [entity.model_dump() for entity in reply.entities],
        "facts_used": list(reply.facts_used),
        "cost": Decimal(reply.cost.amount) if reply.cost else None,
        "currency": reply.cost.currency if reply.cost else None,
        "tokens": drafted.tokens,
        "observations": list(drafted.observations),
        "drafted_at": drafted.drafted_at,
    }


def _drafted(row: DraftRow) -> Drafted:
    fields = row.model_dump(
        exclude={"tenant_id", "entities", "cost", "currency", "tokens", "observations", "drafted_at"}
    )
    cost = None
    if row.cost is not None and row.currency is not None:
        cost = Cost(amount=f"{row.cost:f}", currency=row.currency)
    entities = tuple(NamedValue.model_validate(entity) for entity in row.entities)
    reply = ReplyDrafted.model_validate({**fields, "entities": entities, "cost": cost})
    return Drafted(reply, _OBSERVATIONS.validate_python(row.observations), row.tokens, row.drafted_at)

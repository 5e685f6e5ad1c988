"""What people see of leads and drafts, read from Postgres."""

from __future__ import annotations

from sqlalchemy import literal, tuple_
from sqlmodel import col, select

from chassis import Session
from contracts.values import Evidence
from orchestrator.adapters.store import DocumentRow, LeadRow, LetterRow, MoveRow, TurnRow, turn_of
from orchestrator.application.look import (
    DocumentView,
    DraftView,
    LeadDetail,
    LeadView,
    LetterView,
    MoveView,
    Place,
    TurnView,
)


class Desk:
    """The port `orchestrator.application.look.Desk` on Postgres."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def leads(self, *, state: str | None, before: Place | None, limit: int) -> list[LeadView]:
        """Newest first."""
        newest = col(LeadRow.created_at).desc(), col(LeadRow.lead_id).desc()
        query = select(LeadRow).order_by(*newest).limit(limit)
        if state is not None:
            query = query.where(LeadRow.state == state)
        if before is not None:
            place = tuple_(literal(before.created_at), literal(before.lead_id))
            query = query.where(tuple_(col(LeadRow.created_at), col(LeadRow.lead_id)) < place)
        return [LeadView.model_validate(row.model_dump()) for row in await self._session.exec(query)]

    async def lead(self, lead_id: str) -> LeadDetail | None:
        """One lead with everything."""
        found = await self._session.exec(select(LeadRow).where(LeadRow.lead_id == lead_id))
        row = found.first()
        if row is None:
            return None
        letters = list(
            await self._session.exec(
                select(LetterRow).where(LetterRow.lead_id == lead_id).order_by(col(LetterRow.sent_at))
            )
        )
        moves = await self._session.exec(
            select(MoveRow).where(MoveRow.lead_id == lead_id).order_by(col(MoveRow.number))
        )
        turns = await self._session.exec(
            select(TurnRow).where(TurnRow.lead_id == lead_id).order_by(col(TurnRow.number))
        )
        documents = await self._session.exec(
            select(DocumentRow).where(
                col(DocumentRow.message_id).in_([letter.message_id for letter in letters])
            )
        )
        return LeadDetail(
            **row.model_dump(exclude={"tenant_id", "reply_to", "object_title", "turn", "answered_turn"}),
            history=[MoveView.model_validate(move.model_dump()) for move in moves],
            turns=[_turn_view(turn) for turn in turns],
            letters=[LetterView.model_validate(letter.model_dump()) for letter in letters],
            documents=[_document_view(document) for document in documents],
        )

    async def drafts(self) -> list[DraftView]:
        """What waits, oldest first."""
        rows = await self._session.exec(
            select(TurnRow, LeadRow)
            .where(
                col(TurnRow.state).in_(["review", "human", "uncertain", "failed"]),
                TurnRow.lead_id == LeadRow.lead_id,
            )
            .order_by(col(TurnRow.opened_at))
        )
        return [_draft_view(turn, lead) for turn, lead in rows]


def _turn_view(row: TurnRow) -> TurnView:
    draft = turn_of(row).draft
    return TurnView(
        number=row.number,
        state=row.state,
        reason=row.reason,
        opened_at=row.opened_at,
        draft=draft.text if draft is not None else None,
        intent=draft.intent if draft is not None else None,
        confidence=draft.confidence if draft is not None else None,
    )


def _document_view(row: DocumentRow) -> DocumentView:
    return DocumentView(
        document_id=row.document_id,
        filename=row.filename,
        category=row.category,
        summary=row.summary,
        fields=[Evidence.model_validate(field) for field in row.fields],
        unreadable=row.unreadable,
        filed_path=row.filed_path,
    )


def _draft_view(turn: TurnRow, lead: LeadRow) -> DraftView:
    draft = turn_of(turn).draft
    return DraftView(
        lead_id=lead.lead_id,
        turn=turn.number,
        name=lead.name,
        state=turn.state,
        reason=turn.reason,
        subject=lead.subject,
        draft=draft.text if draft is not None else None,
        opened_at=turn.opened_at,
    )

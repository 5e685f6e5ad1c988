"""What conversation hears: the command to draft a reply."""

from datetime import UTC, datetime

from chassis import Outcome, Router, Session, UnitOfWork
from contracts.conversations.v1 import DraftReply
from conversation.application.draft_reply import ReplyDrafter
from conversation.application.ports import Drafts


def router(draft_reply: ReplyDrafter, drafts: Drafts[Session]) -> Router:
    """The handlers."""
    router = Router()

    @router.on(DraftReply, grouped=True, prefetch=32)
    async def on_draft_reply(command: DraftReply, unit: UnitOfWork) -> Outcome:
        drafted = await draft_reply(
            command, tenant_id=unit.tenant_id, now=datetime.now(UTC), attempt=unit.attempt
        )
        return await unit.write(drafts.keep, unit.tenant_id, drafted)

    return router

"""A reply of ours left: its copy belongs into the company's Sent folder, once."""

from __future__ import annotations

from contracts.messages.v1 import MessageSent
from email_ingest.application.ports import BlobStore, Mailboxes, Remembered, Unit


class AppendSent:
    """Puts the copy of a reply into the Sent folder, unless the server has put it there itself."""

    def __init__(self, *, mailboxes: Mailboxes, blobs: BlobStore) -> None:
        self._mailboxes = mailboxes
        self._blobs = blobs

    async def __call__(self, event: MessageSent, unit: Unit) -> None:
        """Append what was sent; a tenant without a mailbox has no Sent folder. Raises what the mailbox raises."""
        if event.purpose != "reply" or event.channel != "email" or event.raw is None:
            return
        tenant_id, message_id = unit.tenant_id, event.external_id
        if await self._mailboxes.account(tenant_id) is None:
            return
        raw = await self._blobs.get(tenant_id, event.raw)

        async def look_up() -> Remembered | None:
            folder = await self._mailboxes.find_sent(tenant_id, message_id)
            return {"folder": folder, "found": True} if folder is not None else None

        async def append() -> Remembered:
            # Some providers keep a copy of what passes their SMTP server by themselves.
            found = await look_up()
            if found is not None:
                return found
            return {
                "folder": await self._mailboxes.append_sent(tenant_id, raw, event.sent_at),
                "found": False,
            }

        await unit.effect(f"sent-copy:{message_id}", look_up=look_up, call=append)

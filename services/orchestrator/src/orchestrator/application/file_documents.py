"""Have a lead's documents filed, once each, as soon as it is known what they are and whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import cast
from zoneinfo import ZoneInfo

from contracts.documents.v1 import DocumentCategory, FileDocument
from contracts.envelope import Following
from contracts.tenants.http_v1 import TenantProfile
from orchestrator.application.ports import DocumentNote, Records
from orchestrator.domain.lead import Lead


async def file_documents(
    lead: Lead,
    documents: Sequence[DocumentNote],
    *,
    records: Records,
    tenant: TenantProfile,
    received_at: datetime,
) -> list[Following]:
    """Ask for the filing of those documents that nobody asked for yet; an unreadable one is filed too."""
    commands: list[Following] = []
    for document in documents:
        if document.asked_to_file or (document.category is None and document.unreadable is None):
            continue
        await records.keep_document(replace(document, asked_to_file=True))
        commands.append(
            FileDocument(
                document_id=document.document_id,
                lead_id=lead.lead_id,
                person=lead.name or lead.reply_to,
                object_reference=lead.object_reference,
                filename=document.filename,
                category=cast("DocumentCategory", document.category or "other"),
                received_on=received_at.astimezone(ZoneInfo(tenant.time_zone)).date(),
                blob=document.blob,
            )
        )
    return commands

"""Files a document once, where the tenant's template says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta

from contracts.documents.v1 import DocumentFiled, FileDocument
from contracts.tenants.http_v1 import TenantProfile
from file_management.application.ports import (
    Blobs,
    FiledByOthers,
    FileStore,
    FileStores,
    Once,
    Profiles,
    Remembered,
    StoredFile,
    StoreName,
)
from file_management.domain.content import Content
from file_management.domain.place import Filing, Place, place_of

_MARGIN_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Filed:
    """A document and the file that it became."""

    command: FileDocument
    store: StoreName
    file: StoredFile

    def news(self) -> DocumentFiled:
        """The event that tells it."""
        return DocumentFiled(
            document_id=self.command.document_id,
            lead_id=self.command.lead_id,
            store=self.store,
            path=self.file.path,
            external_id=self.file.external_id,
            url=self.file.url,
        )


class DocumentFiler:
    """The use case."""

    def __init__(self, *, profiles: Profiles, blobs: Blobs, stores: FileStores) -> None:
        self._profiles = profiles
        self._blobs = blobs
        self._stores = stores

    async def __call__(
        self, command: FileDocument, tenant_id: str, *, once: Once, filed_by_others: FiledByOthers
    ) -> Filed:
        """File a document. Raises `UnknownPlaceholder` and what the store raises."""
        profile = await self._profiles.profile(tenant_id)
        name: StoreName = profile.file_store
        place = _place(command, profile)
        store = await self._stores.of(tenant_id, name)
        content = Content(await self._blobs.get(tenant_id, command.blob), command.blob.media_type)

        async def look_up() -> Remembered | None:
            found = await _left_behind(store, place, content, filed_by_others)
            return None if found is None else {"store": name, **asdict(found)}

        async def call() -> Remembered:
            return {"store": name, **asdict(await store.put(place, content))}

        lease = timedelta(seconds=content.seconds + _MARGIN_SECONDS)
        done = await once(f"document:{command.document_id}:file", look_up=look_up, call=call, lease=lease)
        return _filed(command, done)


async def _left_behind(
    store: FileStore, place: Place, content: Content, filed_by_others: FiledByOthers
) -> StoredFile | None:
    """The file that an earlier attempt left, if it came so far: the same content, and no other document's."""
    found = await store.find(place, content)
    taken = await filed_by_others([file.external_id for file in found]) if found else ()
    return next((file for file in found if file.external_id not in taken), None)


def _place(command: FileDocument, profile: TenantProfile) -> Place:
    filing = Filing(
        person=command.person,
        category=command.category,
        filename=command.filename,
        received_on=command.received_on,
        media_type=command.blob.media_type,
        object_reference=command.object_reference,
    )
    return place_of(
        filing,
        folder_template=profile.folder_template,
        filename_template=profile.filename_template,
        language=profile.language,
    )


def _filed(command: FileDocument, done: Remembered) -> Filed:
    url = done.get("url")
    file = StoredFile(str(done["path"]), str(done["external_id"]), None if url is None else str(url))
    return Filed(command, "onedrive" if done["store"] == "onedrive" else "local", file)

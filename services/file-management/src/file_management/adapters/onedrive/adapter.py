"""Keeps files in a OneDrive."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from chassis.errors import EffectUncertain
from file_management.adapters.onedrive.client import CREDENTIAL, VENDOR, DriveClient
from file_management.adapters.onedrive.mapping import (
    DriveItem,
    UploadSession,
    has_name_of,
    sameness,
    stored,
)
from file_management.application.ports import StoredFile
from file_management.domain.content import Content
from file_management.domain.place import Place
from vendorkit import VendorAuthExpired, VendorError, VendorRateLimited, VendorRejected, VendorUnavailable

SMALL = 4_000_000
PIECE = 16 * 320 * 1024
"""A multiple of 320 KiB, as Graph demands."""
_MOST_RESUMES = 5
_LONGEST_PAUSE = 10.0
_RANGE_NOT_EXPECTED = 416
_GONE = 404


class OneDrive:
    """One user's OneDrive as a place for files."""

    def __init__(self, client: DriveClient) -> None:
        self._client = client

    async def put(self, place: Place, content: Content) -> StoredFile:
        """Keep a file; Graph numbers it when its name is taken."""
        try:
            async with asyncio.timeout(content.seconds):
                return await self._put(place, content)
        except TimeoutError as error:
            raise VendorUnavailable(
                f"{VENDOR} took longer than {content.seconds:.0f} s; the file may be there. Looking later.",
                vendor=VENDOR,
                ambiguous=True,
            ) from error

    async def find(self, place: Place, content: Content) -> Sequence[StoredFile]:
        """Files of that name, perhaps numbered, and the same content."""
        folder = await self._client.item_at(place.folders)
        if folder is None:
            return []
        return [
            stored(place, item)
            async for item in self._client.children(folder.id)
            if has_name_of(item, place) and await self._is_same(item, content)
        ]

    async def _put(self, place: Place, content: Content) -> StoredFile:
        folder = await self._folder(place.folders)
        if content.size <= SMALL:
            item = await self._client.upload(folder.id, place.name, content.data, content.media_type)
        else:
            item = await self._upload_in_pieces(folder.id, place.name, content.data)
        return stored(place, item)

    async def _is_same(self, item: DriveItem, content: Content) -> bool:
        match sameness(item, content):
            case "same":
                return True
            case "other":
                return False
            case "unknown":
                data = await self._client.download(item)
                if data is None:
                    raise EffectUncertain(
                        f"a file called '{item.name}' is in the OneDrive, and nobody can tell whether it is this "
                        "document; please look, and file it by hand if it is another"
                    )
                return data == content.data

    async def _folder(self, names: Sequence[str]) -> DriveItem:
        """The folder, made with those above it where they are missing."""
        found = await self._client.item_at(tuple(names))
        if found is not None:
            return _as_folder(found)
        folder = await self._root()
        for depth in range(1, len(names) + 1):
            made = await self._client.make_folder(folder.id, names[depth - 1])
            folder = _as_folder(made if made is not None else await self._must_be(tuple(names[:depth])))
        return folder

    async def _root(self) -> DriveItem:
        found = await self._client.item_at(())
        if found is None:
            raise VendorAuthExpired(
                f"{VENDOR} knows no drive of the user in the credential '{CREDENTIAL}'; please correct it.",
                vendor=VENDOR,
                credential=CREDENTIAL,
            )
        return found

    async def _must_be(self, path: tuple[str, ...]) -> DriveItem:
        found = await self._client.item_at(path)
        if found is None:
            raise VendorUnavailable(
                f"{VENDOR} says of a folder that it is there and that it is not. Trying again later.",
                vendor=VENDOR,
                ambiguous=False,
            )
        return found

    async def _upload_in_pieces(self, folder_id: str, name: str, data: bytes) -> DriveItem:
        """Send piece by piece; after a failure go on where Graph says that it stands."""
        session = await self._client.begin_upload(folder_id, name)
        start, resumes = 0, 0
        while True:
            try:
                if start < 0:
                    start = (await self._client.progress(session)).start
                answer = await self._client.send_piece(session, data[start : start + PIECE], start, len(data))
            except (VendorUnavailable, VendorRateLimited, VendorRejected) as error:
                resumes += 1
                await self._pause_or_give_up(session, error, resumes)
                start = -1  # unknown until Graph has said it
                continue
            if isinstance(answer, DriveItem):
                return answer
            start = answer.start

    async def _pause_or_give_up(
        self,
        session: UploadSession,
        error: VendorUnavailable | VendorRateLimited | VendorRejected,
        resumes: int,
    ) -> None:
        if isinstance(error, VendorRejected):
            if error.status == _GONE:
                # An upload that is complete has no session any more: whoever comes next must look for the file.
                raise VendorUnavailable(
                    f"{VENDOR} has closed an upload; the file may be complete. Looking later.",
                    vendor=VENDOR,
                    ambiguous=True,
                ) from error
            if error.status != _RANGE_NOT_EXPECTED:
                await self._cancel(session)
                raise error
        pause = 0.0 if isinstance(error, VendorRejected) else (error.after or 0.25 * 2**resumes)
        if resumes > _MOST_RESUMES or pause > _LONGEST_PAUSE:
            await self._cancel(session)
            raise error
        await asyncio.sleep(pause)

    async def _cancel(self, session: UploadSession) -> None:
        """Tidy up; a session that is left open ends by itself."""
        with suppress(VendorError):
            await self._client.cancel_upload(session)


def _as_folder(item: DriveItem) -> DriveItem:
    if item.folder is None and item.root is None:
        raise VendorRejected(
            f"In the OneDrive a file stands where the folder '{item.name}' must be; please rename it, then replay.",
            vendor=VENDOR,
        )
    return item

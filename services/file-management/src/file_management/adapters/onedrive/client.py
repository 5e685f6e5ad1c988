"""Microsoft Graph's drive over HTTP: one method for each request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx

from file_management.adapters.onedrive.mapping import DriveItem, DriveItems, UploadProgress, UploadSession
from vendorkit import PUBLIC_ONLY, Guard, Limits, VendorClient, VendorContractBroken, VendorRejected

VENDOR = "OneDrive"
CREDENTIAL = "graph"
_ON_CLASH = "@microsoft.graph.conflictBehavior"
_LARGEST_DOWNLOAD = 64 * 1024 * 1024


class DriveClient:
    """One user's drive."""

    def __init__(
        self,
        base_url: str,
        user: str,
        auth: httpx.Auth,
        *,
        seconds: float = 40.0,
        guard: Guard = PUBLIC_ONLY,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._drive = f"/users/{_segment(user)}/drive"
        self._graph = VendorClient(
            VENDOR,
            base_url,
            credential=CREDENTIAL,
            auth=auth,
            limits=Limits(read=seconds, total=seconds),
            forbidden="auth_expired",
            guard=guard,
        )
        # Upload and download addresses carry their own permission and refuse a token. They come with Graph's answers,
        # so the guard judges each of them.
        self._bare = VendorClient(
            VENDOR,
            base_url,
            credential=CREDENTIAL,
            limits=Limits(read=seconds, total=2 * seconds, response_bytes=_LARGEST_DOWNLOAD),
            guard=guard,
        )

    async def item_at(self, path: tuple[str, ...]) -> DriveItem | None:
        """What is at a path below the drive's root, if anything."""
        where = f"/root:/{'/'.join(map(_segment, path))}" if path else "/root"
        try:
            return await self._graph.get(self._drive + where, DriveItem)
        except VendorRejected as error:
            if error.status == 404:
                return None
            raise

    async def make_folder(self, parent_id: str, name: str) -> DriveItem | None:
        """A new folder; None when the name is taken."""
        wish = {"name": name, "folder": {}, _ON_CLASH: "fail"}
        try:
            return await self._graph.post(f"{self._item(parent_id)}/children", DriveItem, json=wish)
        except VendorRejected as error:
            if error.status == 409:
                return None
            raise

    async def children(self, folder_id: str) -> AsyncIterator[DriveItem]:
        """All that lies in a folder."""
        page = await self._graph.get(f"{self._item(folder_id)}/children", DriveItems, params={"$top": 200})
        while True:
            for item in page.value:
                yield item
            if page.next_link is None:
                return
            if not page.next_link.startswith(f"{self._base}/"):
                raise VendorContractBroken(
                    f"{VENDOR} says that a folder goes on at another address; the adapter must be looked at.",
                    vendor=VENDOR,
                )
            page = await self._graph.get(page.next_link, DriveItems)

    async def upload(self, folder_id: str, name: str, data: bytes, media_type: str) -> DriveItem:
        """A new small file; Graph numbers it when its name is taken."""
        return await self._graph.request(
            "PUT",
            f"{self._item(folder_id)}:/{_segment(name)}:/content",
            DriveItem,
            params={_ON_CLASH: "rename"},
            headers={"Content-Type": media_type or "application/octet-stream"},
            content=data,
        )

    async def begin_upload(self, folder_id: str, name: str) -> UploadSession:
        """A new large file, to be sent piece by piece; Graph numbers it when its name is taken."""
        wish = {"item": {_ON_CLASH: "rename", "name": name}}
        path = f"{self._item(folder_id)}:/{_segment(name)}:/createUploadSession"
        return await self._graph.post(path, UploadSession, json=wish)

    async def send_piece(
        self, session: UploadSession, piece: bytes, start: int, total: int
    ) -> DriveItem | UploadProgress:
        """Send one piece; the last one makes the file."""
        last = start + len(piece) - 1
        headers = {"Content-Range": f"bytes {start}-{last}/{total}"}
        reply = await self._bare.send("PUT", session.upload_url, headers=headers, content=piece)
        return self._bare.read(reply, UploadProgress if reply.status == 202 else DriveItem)

    async def progress(self, session: UploadSession) -> UploadProgress:
        """What an upload session still wants."""
        return await self._bare.get(session.upload_url, UploadProgress)

    async def cancel_upload(self, session: UploadSession) -> None:
        """Give an upload session up."""
        await self._bare.delete(session.upload_url)

    async def download(self, item: DriveItem) -> bytes | None:
        """A file's bytes, when Graph says where they are."""
        if item.download_url is None:
            return None
        return (await self._bare.send("GET", item.download_url)).content

    async def aclose(self) -> None:
        """Close the connections."""
        await self._graph.aclose()
        await self._bare.aclose()

    def _item(self, item_id: str) -> str:
        return f"{self._drive}/items/{_segment(item_id)}"


def _segment(text: str) -> str:
    return quote(text, safe="")

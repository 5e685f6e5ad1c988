"""What Graph does with a drive's items."""

from datetime import UTC, datetime
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sandbox.graph.address import Address, NotAnAddress, parse
from sandbox.graph.drive import ConflictBehavior, Drive, Item, NameTaken, NoSuchItem
from sandbox.graph.errors import GraphError
from sandbox.graph.state import GraphState
from sandbox.wire import JsonObject, as_object, as_text, json_object

SMALL_UPLOAD_LIMIT = 4 * 1024 * 1024
_ANNOTATION = "@microsoft.graph.conflictBehavior"


class DriveItems:
    """One request about a drive or an item of it."""

    def __init__(self, state: GraphState, request: Request) -> None:
        self._state = state
        self._request = request

    async def answer(self) -> Response:
        """The answer, or an error of graph.errors or graph.drive."""
        raw_path = bytes(self._request.scope.get("raw_path", b"")).lower()
        if b"%2f" in raw_path:
            raise GraphError(400, "invalidRequest", "A name contains a slash.")
        try:
            address = parse(self._request.path_params["rest"])
        except NotAnAddress:
            raise GraphError(400, "BadRequest", "Resource not found for the segment.") from None
        drive = self._drive_of(address)
        if address.item_id is None:
            return JSONResponse(drive_json(drive))
        return await self._about_item(drive, address)

    def _drive_of(self, address: Address) -> Drive:
        if address.owner_kind == "user":
            drive = self._state.drive_of(address.owner)
            if drive is None:
                raise GraphError(
                    404, "Request_ResourceNotFound", f"Resource '{address.owner}' does not exist."
                )
            return drive
        drive = self._state.drive(address.owner)
        if drive is None:
            raise GraphError(404, "itemNotFound", "The drive could not be found.")
        return drive

    async def _about_item(self, drive: Drive, address: Address) -> Response:
        start = drive.get(address.item_id or "root")
        match self._request.method, address.action:
            case "PUT", "content":
                return await self._put(drive, start, address.path)
            case "POST", "createUploadSession":
                return await self._begin_session(drive, start, address.path)
            case method, action:
                item = drive.at(start, address.path) if address.path else start
                return await self._do(method, action, drive, item)

    async def _do(self, method: str, action: str, drive: Drive, item: Item) -> Response:
        match method, action:
            case "GET", "":
                return JSONResponse(item_json(drive, item, self._request))
            case "GET", "children":
                return self._children(drive, item)
            case "POST", "children":
                return await self._make_folder(drive, item)
            case "GET", "content" if item.content is not None:
                return RedirectResponse(download_url(drive, item, self._request), status_code=302)
            case "POST", "createLink":
                return await self._create_link(item)
            case "PATCH", "":
                return await self._rename(drive, item)
            case "DELETE", "" if item.parent_id is not None:
                drive.remove(item)
                return Response(status_code=204)
            case _:
                raise GraphError(400, "BadRequest", f"{method} {action or 'item'} is not possible here.")

    def _children(self, drive: Drive, item: Item) -> Response:
        if item.content is not None:
            raise GraphError(400, "invalidRequest", "A file has no children.")
        size = int(self._request.query_params.get("$top", "200"))
        skip = int(self._request.query_params.get("$skiptoken", "0"))
        children = drive.children(item)
        body: JsonObject = {
            "value": [item_json(drive, c, self._request) for c in children[skip : skip + size]]
        }
        if skip + size < len(children):
            here = self._request.url.include_query_params(**{"$skiptoken": str(skip + size)})
            body["@odata.nextLink"] = str(here)
        return JSONResponse(body)

    async def _make_folder(self, drive: Drive, parent: Item) -> Response:
        wish = json_object(await self._request.body())
        if "folder" not in wish or parent.content is not None:
            raise GraphError(
                400, "invalidRequest", "A new child is made in a folder and has a 'folder' facet."
            )
        folder = drive.make_folder(parent, as_text(wish.get("name")), behavior(wish.get(_ANNOTATION), "fail"))
        return JSONResponse(item_json(drive, folder, self._request), status_code=201)

    async def _put(self, drive: Drive, start: Item, path: str | None) -> Response:
        content = await self._request.body()
        if len(content) > SMALL_UPLOAD_LIMIT:
            raise GraphError(413, "maxFileSizeExceeded", "Use an upload session for files above 4 MB.")
        media_type = self._request.headers.get("content-type", "application/octet-stream")
        if path is None:
            if start.content is None or start.parent_id is None:
                raise GraphError(400, "invalidRequest", "Only a file's content can be replaced.")
            item, new = drive.put_file(drive.get(start.parent_id), start.name, content, "replace", media_type)
        else:
            folder, name = drive.folder_for(start, path)
            on_clash = behavior(self._request.query_params.get(_ANNOTATION), "replace")
            item, new = drive.put_file(folder, name, content, on_clash, media_type)
        return JSONResponse(item_json(drive, item, self._request), status_code=201 if new else 200)

    async def _begin_session(self, drive: Drive, start: Item, path: str | None) -> Response:
        raw = await self._request.body()
        wish = as_object(json_object(raw).get("item")) if raw else {}
        if path is None:
            raise GraphError(400, "invalidRequest", "An upload session needs the new file's path.")
        on_clash = behavior(wish.get(_ANNOTATION), "fail")
        folder, name = drive.folder_for(start, path)
        if on_clash == "fail" and drive.child(folder, name) is not None:
            raise NameTaken(name)
        session = self._state.uploads.begin(drive, folder.id, name, on_clash)
        return JSONResponse(
            {
                "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#microsoft.graph.uploadSession",
                "uploadUrl": f"{mount_of(self._request)}/_upload/{session.id}",
                "expirationDateTime": stamp(session.expires),
                "nextExpectedRanges": session.next_expected(),
            }
        )

    async def _create_link(self, item: Item) -> Response:
        wish = json_object(await self._request.body())
        kind, scope = as_text(wish.get("type")), as_text(wish.get("scope"), "organization")
        if kind not in ("view", "edit", "embed") or scope not in ("anonymous", "organization", "users"):
            raise GraphError(400, "invalidRequest", "The link's type or scope is not known.")
        if scope == "anonymous" and self._state.anonymous_links_disabled:
            raise GraphError(
                403, "accessDenied", "Anonymous sharing links are disabled in this organisation."
            )
        existing = item.links.get(f"{kind}/{scope}")
        web_url = f"https://sandbox.sharepoint.com/:b:/g/{item.id[:20]}-{kind}-{scope}"
        link: JsonObject = existing or {
            "id": f"{item.id[:12]}{len(item.links)}",
            "roles": ["write" if kind == "edit" else "read"],
            "link": {"type": kind, "scope": scope, "webUrl": web_url},
        }
        item.links[f"{kind}/{scope}"] = link
        return JSONResponse(link, status_code=200 if existing else 201)

    async def _rename(self, drive: Drive, item: Item) -> Response:
        wish = json_object(await self._request.body())
        parent = drive.get(as_text(as_object(wish.get("parentReference")).get("id"), item.parent_id or ""))
        name = as_text(wish.get("name"), item.name)
        taken = drive.child(parent, name)
        if taken is not None and taken is not item:
            raise NameTaken(name)
        if item.parent_id is None:
            raise NoSuchItem("root")
        item.name, item.parent_id, item.modified = name, parent.id, datetime.now(UTC)
        return JSONResponse(item_json(drive, item, self._request))


def behavior(value: object, default: ConflictBehavior) -> ConflictBehavior:
    """The conflict behaviour asked for, or the default."""
    known: dict[object, ConflictBehavior] = {"fail": "fail", "rename": "rename", "replace": "replace"}
    if value is None:
        return default
    if value not in known:
        raise GraphError(400, "invalidRequest", f"{value!r} is no conflict behaviour.")
    return known[value]


def drive_json(drive: Drive) -> JsonObject:
    """A drive as Graph shows it."""
    return {
        "id": drive.id,
        "driveType": "business",
        "name": "OneDrive",
        "owner": {"user": {"displayName": drive.owner, "email": drive.owner}},
        "webUrl": _web_url(drive, ""),
        "quota": {"total": 1 << 40, "used": sum(len(item.content or b"") for item in drive.items.values())},
    }


def item_json(drive: Drive, item: Item, request: Request) -> JsonObject:
    """A driveItem as Graph shows it."""
    shown: JsonObject = {
        "id": item.id,
        "name": item.name,
        "eTag": f'"{{{item.id}}},{item.version}"',
        "cTag": f'"c:{{{item.id}}},{item.version}"',
        "createdDateTime": stamp(item.created),
        "lastModifiedDateTime": stamp(item.modified),
        "size": len(item.content or b""),
        "webUrl": _web_url(drive, drive.path_of(item)),
    }
    if item.parent_id is None:
        return shown | {"root": {}, "folder": {"childCount": len(drive.children(item))}}
    parent = drive.items[item.parent_id]
    reference = {
        "driveId": drive.id,
        "id": parent.id,
        "path": f"/drives/{drive.id}/root:{drive.path_of(parent)}",
    }
    shown["parentReference"] = {"driveType": "business", **reference}
    if item.content is None:
        return shown | {"folder": {"childCount": len(drive.children(item))}}
    return shown | {
        "file": {"mimeType": item.media_type, "hashes": {"sha256Hash": item.sha256}},
        "@microsoft.graph.downloadUrl": download_url(drive, item, request),
    }


def download_url(drive: Drive, item: Item, request: Request) -> str:
    """An address that gives the content without a token."""
    return f"{mount_of(request)}/_download/{quote(drive.id)}/{item.id}?tempauth={item.sha256[:16]}"


def mount_of(request: Request) -> str:
    """Where the client reaches the simulated Graph."""
    return f"{request.url.scheme}://{request.headers['host']}/graph"


def stamp(moment: datetime) -> str:
    """A time as Graph writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _web_url(drive: Drive, path: str) -> str:
    owner = drive.owner.replace("@", "_").replace(".", "_")
    return f"https://sandbox-my.sharepoint.com/personal/{owner}/Documents{quote(path)}"

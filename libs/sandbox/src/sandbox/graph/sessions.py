"""The address an upload session gives out: chunks, progress, cancelling. It takes no token."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.graph.drive import NameTaken
from sandbox.graph.errors import GraphError
from sandbox.graph.items import item_json, stamp
from sandbox.graph.state import GraphState
from sandbox.graph.uploads import BadRange, RangeNotExpected, UploadSession
from sandbox.wire import JsonObject


class SessionRoutes:
    """One request to an upload session."""

    def __init__(self, state: GraphState, request: Request) -> None:
        self._state = state
        self._request = request

    async def answer(self) -> Response:
        """The answer, or an error of graph.errors or graph.drive."""
        session = self._state.uploads.find(self._request.path_params["id"])
        if session is None:
            raise GraphError(404, "itemNotFound", "The upload session was not found; it may have expired.")
        if "authorization" in self._request.headers:
            raise GraphError(
                401, "unauthenticated", "An upload address carries its own permission; send no token."
            )
        match self._request.method:
            case "DELETE":
                self._state.uploads.end(session)
                return Response(status_code=204)
            case "PUT":
                return await self._take(session)
            case _:
                return JSONResponse(_progress(session))

    async def _take(self, session: UploadSession) -> Response:
        chunk = await self._request.body()
        try:
            complete = session.take(self._request.headers.get("content-range", ""), chunk)
        except BadRange as error:
            raise GraphError(400, "invalidRequest", str(error)) from error
        except RangeNotExpected:
            raise GraphError(
                416, "invalidRange", "The range was received already or comes too early."
            ) from None
        if not complete:
            return JSONResponse(_progress(session), status_code=202)
        return self._finish(session, chunk)

    def _finish(self, session: UploadSession, last_chunk: bytes) -> Response:
        drive = session.drive
        folder = drive.get(session.folder_id)
        media_type = self._request.headers.get("content-type", "application/octet-stream")
        try:
            item, new = drive.put_file(
                folder, session.name, bytes(session.received), session.on_clash, media_type
            )
        except NameTaken:
            session.take_back(last_chunk)
            raise
        self._state.uploads.end(session)
        return JSONResponse(item_json(drive, item, self._request), status_code=201 if new else 200)


def _progress(session: UploadSession) -> JsonObject:
    return {
        "expirationDateTime": stamp(session.expires),
        "nextExpectedRanges": session.next_expected(),
    }

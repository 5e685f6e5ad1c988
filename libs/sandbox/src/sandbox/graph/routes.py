"""Microsoft Graph v1.0: drives, their items, upload sessions; and the token endpoint."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from sandbox.graph.drive import BadName, NameTaken, NoSuchItem
from sandbox.graph.errors import GraphError, error_answer
from sandbox.graph.items import DriveItems
from sandbox.graph.sessions import SessionRoutes
from sandbox.graph.state import GraphState
from sandbox.wire import JsonObject, NotJson

_CODES = {429: "TooManyRequests", 500: "generalException", 503: "serviceNotAvailable"}


class Graph:
    """Microsoft Graph as a vendor of the sandbox."""

    name = "graph"

    def __init__(self) -> None:
        self._state = GraphState()

    def routes(self) -> list[BaseRoute]:
        """Login, v1.0, and the addresses that carry their own permission."""
        return [
            Mount("/login", routes=[Route("/{rest:path}", self._login, methods=["GET", "POST"])]),
            Route("/_upload/{id}", self._session, methods=["PUT", "GET", "DELETE"]),
            Route("/_download/{drive}/{id}", self._download, methods=["GET"]),
            Route("/v1.0/{rest:path}", self._drive, methods=["GET", "POST", "PUT", "PATCH", "DELETE"]),
        ]

    def reset(self) -> None:
        """Forget drives, tokens and clients."""
        self._state = GraphState()

    def seed(self, data: JsonObject) -> None:
        """See GraphState.seed."""
        self._state.seed(data)

    def snapshot(self) -> JsonObject:
        """Every file of every drive."""
        return self._state.snapshot()

    def failure(self, status: int, retry_after: float | None) -> Response:
        """A failure in Graph's form."""
        return error_answer(
            status, _CODES.get(status, "generalException"), "The request could not be served.", retry_after
        )

    def dump(self) -> JsonObject:
        """Drives with their files."""
        return self._state.dump()

    def load(self, data: JsonObject) -> None:
        """Take back what dump gave."""
        self._state.load(data)

    async def _login(self, request: Request) -> Response:
        tokens = self._state.tokens
        tenant, _, rest = request.path_params["rest"].partition("/")
        request.path_params["tenant"] = tenant
        if request.method == "POST" and rest == "oauth2/v2.0/token":
            return await tokens.token(request)
        if request.method == "GET" and rest == "v2.0/.well-known/openid-configuration":
            return await tokens.discovery(request)
        if request.method == "GET" and rest == "oauth2/v2.0/authorize":
            return tokens.sign_ins.authorize(request)
        if request.method == "GET" and rest == "discovery/v2.0/keys":
            return tokens.sign_ins.keys(request)
        if request.method == "GET" and (tenant, rest) == ("common", "discovery/instance"):
            return await tokens.instances(request)
        return error_answer(404, "ResourceNotFound", f"There is nothing at {request.url.path}.")

    async def _drive(self, request: Request) -> Response:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not self._state.tokens.is_good(token):
            return error_answer(
                401, "InvalidAuthenticationToken", "Access token is missing, unknown or expired."
            )
        return await _answered(DriveItems(self._state, request).answer)

    async def _session(self, request: Request) -> Response:
        return await _answered(SessionRoutes(self._state, request).answer)

    async def _download(self, request: Request) -> Response:
        drive = self._state.drive(request.path_params["drive"])
        item = drive.items.get(request.path_params["id"]) if drive else None
        if item is None or item.content is None or request.query_params.get("tempauth") != item.sha256[:16]:
            return error_answer(404, "itemNotFound", "The resource could not be found.")
        return Response(item.content, media_type=item.media_type)


async def _answered(answer: Callable[[], Awaitable[Response]]) -> Response:
    try:
        return await answer()
    except GraphError as error:
        return error_answer(error.status, error.code, error.message)
    except NoSuchItem:
        return error_answer(404, "itemNotFound", "The resource could not be found.")
    except NameTaken as error:
        return error_answer(
            409, "nameAlreadyExists", f"An item with the name {error} already exists under the parent."
        )
    except BadName as error:
        return error_answer(
            400, "invalidRequest", f"The name {error} contains characters that are not allowed."
        )
    except NotJson as error:
        return error_answer(400, "BadRequest", str(error))

"""Vault's HTTP interface: KV version 2, the Kubernetes login, and whether it is sealed."""

from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.vault.state import VaultState
from sandbox.wire import JsonObject, NotJson, as_text, json_object


class Vault:
    """Vault as a vendor of the sandbox."""

    name = "vault"

    def __init__(self) -> None:
        self._state = VaultState()

    def routes(self) -> list[BaseRoute]:
        """The paths below `VAULT_ADDR`."""
        return [
            Route("/v1/sys/health", self._health, methods=["GET"]),
            Route("/v1/sys/seal-status", self._seal_status, methods=["GET"]),
            Route("/v1/auth/{mount:path}/login", self._login, methods=["POST", "PUT"]),
            Route("/v1/{mount}/data/{path:path}", self._read, methods=["GET"]),
            Route("/{rest:path}", _no_such_path),
        ]

    def reset(self) -> None:
        """Nothing held, nobody known, not sealed."""
        self._state = VaultState()

    def seed(self, data: JsonObject) -> None:
        """See VaultState.seed."""
        self._state.seed(data)

    def snapshot(self) -> JsonObject:
        """What is held, without the values."""
        return {
            "secrets": {path: len(versions) for path, versions in self._state.secrets.items()},
            "tokens": len(self._state.tokens),
            "sealed": self._state.sealed,
        }

    def failure(self, status: int, retry_after: float | None) -> Response:
        """A failure in Vault's form."""
        answer = _errors(status, "internal error")
        if retry_after is not None:
            answer.headers["Retry-After"] = f"{retry_after:g}"
        return answer

    def dump(self) -> JsonObject:
        """Nothing outlives a restart."""
        return {}

    def load(self, data: JsonObject) -> None:
        """Nothing outlives a restart."""

    async def _read(self, request: Request) -> Response:
        if self._state.sealed:
            return _errors(503, "Vault is sealed")
        path = f"{request.path_params['mount']}/{request.path_params['path']}"
        if not self._state.may_read(_token(request), path):
            return _errors(403, "permission denied")
        asked = request.query_params.get("version", "0")
        version = self._state.version(path, int(asked) if asked.isdecimal() else 0)
        if version is None:
            return _errors(404)
        metadata = {
            "created_time": version.created, "custom_metadata": None, "deletion_time": version.deleted,
            "destroyed": False, "version": version.number,
        }  # fmt: skip
        body = _envelope(data={"data": version.data, "metadata": metadata}, mount_type="kv")
        return JSONResponse(body, 404 if version.data is None else 200)

    async def _login(self, request: Request) -> Response:
        if self._state.sealed:
            return _errors(503, "Vault is sealed")
        try:
            body = json_object(await request.body())
        except NotJson:
            return _errors(400, "failed to parse JSON input")
        name, jwt = as_text(body.get("role")), as_text(body.get("jwt"))
        if not name or not jwt:
            return _errors(400, "missing role" if not name else "missing jwt")
        role = self._state.roles.get(name)
        if role is None:
            return _errors(400, f'invalid role name "{name}"')
        if jwt not in role.jwts:
            return _errors(403, "permission denied")
        auth: JsonObject = {
            "client_token": self._state.new_token(role), "accessor": uuid4().hex, "policies": ["default", name],
            "token_policies": ["default", name], "metadata": {"role": name, "service_account_name": name},
            "lease_duration": 3600, "renewable": True, "entity_id": str(uuid4()), "token_type": "service",
            "orphan": True, "mfa_requirement": None, "num_uses": 0,
        }  # fmt: skip
        return JSONResponse(_envelope(auth=auth))

    async def _health(self, _: Request) -> Response:
        sealed = self._state.sealed
        body = {"initialized": True, "sealed": sealed, "standby": False, "version": "1.20.0"}
        return JSONResponse(body, 503 if sealed else 200)

    async def _seal_status(self, _: Request) -> Response:
        return JSONResponse(
            {"type": "shamir", "initialized": True, "sealed": self._state.sealed, "t": 3, "n": 5}
        )


def _token(request: Request) -> str:
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    return request.headers.get("x-vault-token") or bearer


def _envelope(
    *, data: JsonObject | None = None, auth: JsonObject | None = None, mount_type: str = ""
) -> JsonObject:
    return {
        "request_id": str(uuid4()), "lease_id": "", "renewable": False, "lease_duration": 0, "data": data,
        "wrap_info": None, "warnings": None, "auth": auth, "mount_type": mount_type,
    }  # fmt: skip


def _errors(status: int, *words: str) -> JSONResponse:
    return JSONResponse({"errors": list(words)}, status)


async def _no_such_path(request: Request) -> Response:
    return _errors(404, f'no handler for route "{request.path_params["rest"]}"')

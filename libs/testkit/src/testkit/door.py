"""What stands around the gateway, over real HTTP: services that describe themselves, and a tenancy that lets people in."""

from __future__ import annotations

import asyncio
import json
import socket
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from time import time

import jwt
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from frontdesk.fleet.roster import service_points

SERVICES = tuple(point.name for point in service_points() if point.name != "gateway")


class Issuer:
    """Makes access tokens as tenancy does, and wrong ones as an attacker would."""

    def __init__(self, key_id: str = "k1") -> None:
        self.key_id = key_id
        self.private = Ed25519PrivateKey.generate()

    @property
    def raw(self) -> bytes:
        """The public key's bytes."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def jwk(self) -> dict[str, str]:
        """The public key as tenancy tells it."""
        x = urlsafe_b64encode(self.raw).rstrip(b"=").decode()
        return {"kty": "OKP", "crv": "Ed25519", "kid": self.key_id, "use": "sig", "alg": "EdDSA", "x": x}

    def claims(self, **changes: object) -> dict[str, object]:
        """What a sound token says; a change of None leaves a claim out."""
        now = int(time())
        sound: dict[str, object] = {
            "iss": "frontdesk", "aud": "frontdesk-api", "sub": "u1", "tenant": "muster", "role": "agent",
            "scope": "files:read files:write documents:read", "sid": "s1", "jti": f"j{now}", "iat": now, "exp": now + 600,
        }  # fmt: skip
        return {name: value for name, value in {**sound, **changes}.items() if value is not None}

    def token(self, **changes: object) -> str:
        """A signed token."""
        return self.signed(self.claims(**changes))

    def signed(self, claims: dict[str, object], **header: object) -> str:
        """These claims, signed with our key under this header."""
        head = {"typ": "at+jwt", "kid": self.key_id} | header
        return jwt.encode(claims, self.private, algorithm="EdDSA", headers=head)


class TenancyDoor:
    """The internal routes by which the gateway learns who may come in; change it as the test goes on."""

    def __init__(self, *issuers: Issuer) -> None:
        self.issuers = list(issuers)
        self.revoked: list[str] = []
        self.suspended: list[str] = []
        self.unlicensed: list[str] = []
        self.keys: dict[str, dict[str, object]] = {}
        self.down = False
        self.version = 1
        self.states = 0
        """How often the whole state was told."""

    def routes(self) -> list[Route]:
        """What tenancy answers to the gateway alone."""
        return [
            Route("/internal/access", self._access),
            Route("/internal/api-keys/verify", self._verify, methods=["POST"]),
            Route("/internal/hooks", self._hooks),
        ]

    async def _access(self, request: Request) -> Response:
        state = {
            "version": self.version,
            "keys": [issuer.jwk for issuer in self.issuers],
            "revoked": self.revoked,
            "suspended": self.suspended,
            "unlicensed": self.unlicensed,
        }
        etag = f'"{hash(json.dumps(state))}"'
        if self.down:
            return Response(status_code=503)
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304)
        self.states += 1
        return JSONResponse(state, headers={"ETag": etag})

    async def _verify(self, request: Request) -> Response:
        if self.down:
            return Response(status_code=503)
        found = self.keys.get((await request.json())["key"])
        return Response(status_code=404) if found is None else JSONResponse(found)

    async def _hooks(self, _: Request) -> Response:
        return Response(status_code=503) if self.down else JSONResponse({"version": 1, "hooks": []})


def described(*operations: str, **security: list[object]) -> dict[str, object]:
    """An OpenAPI document with these operations (`GET /api/v1/files`); a keyword such as `get_login` is no path but its security."""
    paths: dict[str, dict[str, object]] = {}
    for operation in operations:
        method, _, path = operation.partition(" ")
        told: dict[str, object] = {"responses": {"200": {"description": "Done"}}}
        if (declared := security.get(path.rpartition("/")[2].replace("-", "_"))) is not None:
            told["security"] = declared
        paths.setdefault(path, {})[method.lower()] = told
    return {"openapi": "3.1.0", "info": {"title": "stand-in", "version": "1"}, "paths": paths}


def describing(document: dict[str, object]) -> Route:
    """`/openapi.json` of a stand-in."""

    async def show(_: Request) -> Response:
        return JSONResponse(document)

    return Route("/openapi.json", show)


def upstreams(**services: str | Sequence[str]) -> str:
    """`GATEWAY_UPSTREAMS`: these services where they are, all others at `others`."""
    others = services.pop("others")
    given = {name.replace("_", "-"): url for name, url in services.items()}
    return json.dumps({name: given.get(name, others) for name in SERVICES})


@asynccontextmanager
async def served(
    routes: Sequence[BaseRoute], port: int = 0, *, host: str = "127.0.0.1"
) -> AsyncIterator[str]:
    """These routes on a free port, for as long as the block lasts; yields the address.

    `host` 0.0.0.0 is every address of the loopback net: many replicas at one port.
    """
    listener = socket.create_server((host, port))
    # Asyncio does this for sockets of its own making alone: without it an answer in two parts waits 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    config = uvicorn.Config(Starlette(routes=list(routes)), log_config=None, lifespan="off", access_log=False)
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.force_exit = server.should_exit = True
        await task


class _Server(uvicorn.Server):
    """Uvicorn that leaves the test run's signals alone."""

    def install_signal_handlers(self) -> None:
        return None

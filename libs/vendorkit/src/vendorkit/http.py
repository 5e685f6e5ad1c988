"""A thin typed HTTP client that answers with a model, or raises one of the five vendor errors.

It never retries (delivery does), never follows a redirect, and never waits or reads without a limit. It connects where
its guard lets it: the addresses come from tenants, and from what vendors answer.
"""

import asyncio
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, TypeVar

import httpx
from pydantic import TypeAdapter, ValidationError

from chassis.calls import vendor_call
from vendorkit.errors import (
    VendorAuthExpired,
    VendorContractBroken,
    VendorError,
    VendorRejected,
    VendorUnavailable,
)
from vendorkit.limits import HostGates, Limits
from vendorkit.outward import PUBLIC_ONLY, AddressRefused, Guard
from vendorkit.refusals import Forbidden, refusal
from vendorkit.transports import outward_http_client

T = TypeVar("T")

QueryValue = str | int | float | bool | None

NOT_BY_PROXY: Mapping[str, None] = {"all://127.0.0.1": None, "all://localhost": None}
"""For clients of the operator's own addresses: the environment's proxy serves all but this machine's."""


@dataclass(frozen=True)
class Reply:
    """A vendor's answer of 2xx, read whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass
class _Progress:
    """How far a request has come, as the connection itself reports it."""

    sent: bool = False

    async def trace(self, event: str, _info: Mapping[str, object]) -> None:
        if event.endswith("send_request_headers.started"):
            self.sent = True


@dataclass(frozen=True)
class _Request:
    method: str
    url: httpx.URL
    headers: Mapping[str, str]
    params: Mapping[str, QueryValue] | None
    json: object | None
    content: bytes | None
    form: Mapping[str, str] | None
    progress: _Progress = field(default_factory=_Progress)


class VendorClient:
    """HTTP to one vendor: `await client.get("/party/1", Party)` is a Party or one of the five errors.

    `credential` names the tenant's credential that the requests use: it is what `VendorAuthExpired` asks for, also
    when the guard refuses the address in it. An address that an answer named is `VendorRejected` when refused.
    """

    def __init__(
        self,
        vendor: str,
        base_url: str,
        *,
        credential: str,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        limits: Limits | None = None,
        forbidden: Forbidden = "rejected",
        gates: HostGates | None = None,
        guard: Guard = PUBLIC_ONLY,
    ) -> None:
        if httpx.URL(base_url).scheme not in ("http", "https"):
            raise ValueError(
                f"The address of {vendor} must begin with http:// or https://; it is '{base_url}'."
            )
        self._vendor = vendor
        self._credential = credential
        self._forbidden: Forbidden = forbidden
        self._limits = limits or Limits()
        self._gates = gates or HostGates(self._limits.per_host)
        self._base = base_url.rstrip("/")
        self._root = httpx.URL(self._base).path
        self._http = outward_http_client(
            guard,
            headers=headers,
            auth=auth,
            timeout=httpx.Timeout(self._limits.read, connect=self._limits.connect, pool=self._limits.total),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=self._limits.per_host),
        )

    async def get(self, path: str, expect: type[T], *, params: Mapping[str, QueryValue] | None = None) -> T:
        """Ask for something."""
        return await self.request("GET", path, expect, params=params)

    async def post(self, path: str, expect: type[T], *, json: object) -> T:
        """Send JSON, usually to make something."""
        return await self.request("POST", path, expect, json=json)

    async def put(self, path: str, expect: type[T], *, json: object) -> T:
        """Send JSON that replaces something."""
        return await self.request("PUT", path, expect, json=json)

    async def patch(self, path: str, expect: type[T], *, json: object) -> T:
        """Send JSON that changes something in part."""
        return await self.request("PATCH", path, expect, json=json)

    async def delete(self, path: str) -> None:
        """Remove something."""
        await self.send("DELETE", path)

    async def request(
        self,
        method: str,
        path: str,
        expect: type[T],
        *,
        params: Mapping[str, QueryValue] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
    ) -> T:
        """Send any request and read its answer as `expect`, a pydantic model or any type that pydantic knows."""
        reply = await self.send(
            method, path, params=params, headers=headers, json=json, content=content, form=form
        )
        return self.read(reply, expect)

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, QueryValue] | None = None,
        headers: Mapping[str, str] | None = None,
        json: object | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
    ) -> Reply:
        """Send any request and return its answer unread; `path` may be a whole address, as of an upload session."""
        request = _Request(method, self._address(path), headers or {}, params, json, content, form)
        with vendor_call(self._vendor, f"{method} {_resource(request.url.path, self._root)}") as span:
            try:
                async with (
                    asyncio.timeout(self._limits.total),
                    self._gates.of(request.url.netloc.decode("ascii")),
                ):
                    reply = await self._exchange(request)
            except TimeoutError as error:
                raise self._silent(request, f"did not answer within {self._limits.total:g} s") from error
            span.set_attribute("http.response.status_code", reply.status)
            return reply

    def read(self, reply: Reply, expect: type[T]) -> T:
        """Read an answer as `expect`."""
        try:
            return _adapter(expect).validate_json(reply.content)
        except ValidationError as error:
            # The places and kinds of the faults, never the values: those may be personal data.
            faults = "; ".join(
                f"{'.'.join(str(step) for step in fault['loc']) or 'body'}: {fault['type']}"
                for fault in error.errors(include_input=False, include_url=False, include_context=False)[:3]
            )
            raise VendorContractBroken(
                f"{self._vendor} answered in a form that we do not know ({faults}); the adapter must be looked at.",
                vendor=self._vendor,
            ) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _exchange(self, request: _Request) -> Reply:
        try:
            async with self._http.stream(
                request.method,
                request.url,
                params=request.params,
                headers=request.headers,
                json=request.json,
                content=request.content,
                data=request.form,
                extensions={"trace": request.progress.trace},
            ) as response:
                return await self._judged(response)
        except AddressRefused as error:
            raise self._not_there(request, error) from error
        except httpx.DecodingError as error:
            raise VendorContractBroken(
                f"{self._vendor} sent an answer that cannot be unpacked; the adapter must be looked at.",
                vendor=self._vendor,
            ) from error
        except httpx.LocalProtocolError as error:
            raise VendorRejected(
                f"The request to {self._vendor} cannot be sent: a header of it is not allowed (perhaps a credential).",
                vendor=self._vendor,
            ) from error
        except httpx.TimeoutException as error:
            raise self._silent(request, "did not answer in time") from error
        except httpx.TransportError as error:
            what = "cut the connection" if request.progress.sent else "cannot be reached"
            raise self._silent(request, what) from error

    async def _judged(self, response: httpx.Response) -> Reply:
        content, whole = await _read_at_most(response, self._limits.response_bytes)
        if response.is_redirect:
            raise VendorContractBroken(
                f"{self._vendor} moved the address (HTTP {response.status_code}); the adapter must be looked at.",
                vendor=self._vendor,
            )
        if not response.is_success:
            raise refusal(
                response.status_code,
                response.headers,
                content,
                vendor=self._vendor,
                credential=self._credential,
                forbidden=self._forbidden,
            )
        if not whole:
            raise VendorContractBroken(
                f"{self._vendor} sent more than {self._limits.response_bytes} bytes in one answer.",
                vendor=self._vendor,
            )
        return Reply(status=response.status_code, headers=response.headers, content=content)

    def _address(self, path: str) -> httpx.URL:
        whole = path.startswith(("http://", "https://"))
        try:
            return httpx.URL(path if whole else f"{self._base}/{path.lstrip('/')}")
        except httpx.InvalidURL as error:
            raise VendorContractBroken(
                f"{self._vendor} named something that is no address; the adapter must be looked at.",
                vendor=self._vendor,
            ) from error

    def _not_there(self, request: _Request, error: AddressRefused) -> VendorError:
        if request.url.host != httpx.URL(self._base).host:
            return VendorRejected(f"{self._vendor} named an address. {error}", vendor=self._vendor)
        return VendorAuthExpired(
            f"The address of {self._vendor} in the credential '{self._credential}' cannot be used. {error}",
            vendor=self._vendor,
            credential=self._credential,
        )

    def _silent(self, request: _Request, what: str) -> VendorUnavailable:
        sent = request.progress.sent
        note = "; the request may have taken effect" if sent else "; nothing was sent"
        return VendorUnavailable(
            f"{self._vendor} {what}{note}. Trying again later.", vendor=self._vendor, ambiguous=sent
        )


_VERSION = re.compile(r"v?\d+(\.\d+)*|api|rest|services|data")
_NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,30}")


def _resource(path: str, root: str) -> str:
    """The first segment below the root that names something: what follows may be an id, a file, a person."""
    steps = [step for step in path.removeprefix(root).split("/") if step and not _VERSION.fullmatch(step)]
    return f"/{steps[0]}" if steps and _NAME.fullmatch(steps[0]) else "/…"


async def _read_at_most(response: httpx.Response, limit: int) -> tuple[bytes, bool]:
    """The body up to a limit, and whether that was all of it."""
    content = bytearray()
    async for piece in response.aiter_bytes():
        content += piece
        if len(content) > limit:
            return bytes(content[:limit]), False
    return bytes(content), True


@functools.cache
def _adapter(expect: type[T]) -> TypeAdapter[T]:
    return TypeAdapter(expect)

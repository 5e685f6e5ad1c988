"""The door every request to a vendor goes through: noted, delayed, and spoilt when a fault asks for it."""

import asyncio
from collections.abc import Mapping

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.connections import cut
from sandbox.faults import Fault, FaultBook
from sandbox.journal import Journal, Seen
from sandbox.vendor import Vendor


class VendorGate:
    """ASGI middleware in front of the vendors; the control plane does not pass through it."""

    def __init__(
        self,
        app: ASGIApp,
        vendors: Mapping[str, Vendor],
        journal: Journal,
        faults: FaultBook,
        latencies: Mapping[str, float],
    ) -> None:
        self._app = app
        self._vendors = vendors
        self._journal = journal
        self._faults = faults
        self._latencies = latencies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        vendor = self._vendors.get(_first_segment(scope)) if scope["type"] == "http" else None
        if vendor is None:
            await self._app(scope, receive, send)
            return
        raw = await _whole_body(receive)
        if raw is None:
            return
        seen = self._note(vendor, scope, raw)
        replay = _replay(raw, receive)
        fault = self._faults.take(vendor.name, str(scope["method"]), str(scope["path"]))
        await asyncio.sleep(self._latencies.get(vendor.name, 0.0))
        if fault is None:
            await self._app(scope, replay, _noting_status(seen, send))
            return
        seen.fault = fault.kind
        await self._show(fault, vendor, seen, scope, replay, send)

    def _note(self, vendor: Vendor, scope: Scope, raw: bytes) -> Seen:
        headers = {bytes(k).decode("latin-1"): bytes(v).decode("latin-1") for k, v in scope["headers"]}
        query = bytes(scope["query_string"]).decode("latin-1")
        return self._journal.note(vendor.name, str(scope["method"]), str(scope["path"]), query, headers, raw)

    async def _show(
        self, fault: Fault, vendor: Vendor, seen: Seen, scope: Scope, receive: Receive, send: Send
    ) -> None:
        noting = _noting_status(seen, send)
        match fault.kind:
            case "429" | "500" | "503":
                answer = vendor.failure(int(fault.kind), fault.retry_after)
                await answer(scope, receive, noting)
            case "malformed":
                page = Response("<html><body>Bad gateway", media_type="application/json")
                await page(scope, receive, noting)
            case "delay":
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, noting)
            case "hang":
                await _until_disconnected(receive)
            case "cut":
                cut(scope)
                await _until_disconnected(receive)
            case "commit_then_cut":
                await self._app(scope, receive, _noting_status(seen, _into_the_void))
                cut(scope)
                await _until_disconnected(receive)


def _first_segment(scope: Scope) -> str:
    return str(scope["path"]).lstrip("/").split("/", 1)[0]


async def _whole_body(receive: Receive) -> bytes | None:
    """The request's body, or nothing when the client left before it was complete."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _replay(raw: bytes, receive: Receive) -> Receive:
    pending: list[Message] = [{"type": "http.request", "body": raw, "more_body": False}]

    async def replayed() -> Message:
        return pending.pop() if pending else await receive()

    return replayed


def _noting_status(seen: Seen, send: Send) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.status = int(message["status"])
        await send(message)

    return noting


async def _into_the_void(_message: Message) -> None:
    """Where an answer goes whose connection is about to be cut."""


async def _until_disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

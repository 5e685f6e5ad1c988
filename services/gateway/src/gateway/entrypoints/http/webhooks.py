"""Webhooks over HTTP: a plain Starlette route, because a webhook's way must be short."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.http import Problem
from gateway.application.accept_webhook import AcceptWebhook
from gateway.application.answer_webhook import AnswerWebhook
from gateway.application.hold_hooks import HeldHooks
from gateway.application.limit_requests import LimitRequests
from gateway.application.ports import Incoming, Reply
from gateway.domain.hook import Hook
from gateway.entrypoints.http.bodies import Limits, WithProblems, chunks, declared_length
from gateway.entrypoints.http.browsers import ForBrowsers


class Webhooks:
    """`/webhooks/{source}/{hook_id}`: 202 for what is new, 200 for what is known, with its id."""

    def __init__(
        self,
        hooks: HeldHooks,
        accept: AcceptWebhook,
        answer: AnswerWebhook,
        limits: Limits,
        limited: LimitRequests,
    ) -> None:
        self._hooks = hooks
        self._accept = accept
        self._answer = answer
        self._limits = limits
        self._limited = limited

    async def hook_of(self, request: Request) -> Hook:
        """The hook at this address. Raises `Problem` 404, `RegistryUnread`."""
        source: str = request.path_params["source"]
        hook_id: str = request.path_params["hook_id"]
        hook = self._hooks.find(source, hook_id) or await self._hooks.find_or_read(source, hook_id)
        if hook is None:
            raise Problem(
                404, "Unknown hook", "no hook is registered at this address: check source and hook id"
            )
        return hook

    async def receive(self, request: Request) -> Response:
        """Verify, keep, and answer in the sender's own form."""
        hook = await self.hook_of(request)
        verifier = self._accept.verifier_of(hook)
        if request.method not in verifier.methods:
            allowed = ", ".join(sorted(verifier.methods))
            raise Problem(405, "Method Not Allowed", f"use {allowed}", headers={"Allow": allowed})
        if verifier.secret_is_public:
            await self._limited.of_address(request.client.host if request.client is not None else "unknown")
        most = self._limits.body if verifier.most_bytes is None else verifier.most_bytes
        declared = declared_length(request, most)
        with self._limits.room_for(declared if verifier.most_bytes is None else 0):
            body = b"".join([chunk async for chunk in chunks(request, self._limits, declared, most)])
            scope = request.scope
            incoming = Incoming(
                request.method, scope["raw_path"], scope["query_string"], request.headers, body
            )
            accepted = await self._accept(hook, incoming)
        if isinstance(accepted, Reply):
            return _as_is(accepted)
        reply = await self._answer(hook, incoming, accepted.id)
        if reply is not None:
            return _as_is(reply)
        return Response(
            f'{{"id":"{accepted.id}"}}', 202 if accepted.new else 200, media_type="application/json"
        )


def webhook_route(webhooks: Webhooks, hooks: HeldHooks) -> Route:
    """The one route of all webhooks."""
    endpoint = ForBrowsers(WithProblems(webhooks.receive), hooks)
    return Route("/webhooks/{source}/{hook_id}", endpoint, methods=["POST", "GET", "OPTIONS"])


def _as_is(reply: Reply) -> Response:
    # What is echoed to whoever asks must never be taken for a page.
    headers = {
        "Content-Type": reply.content_type,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(reply.content, reply.status, headers)

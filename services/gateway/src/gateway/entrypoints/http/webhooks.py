"""Webhooks over HTTP: a plain Starlette route, because a webhook's way must be short."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chassis.http import Problem
from gateway.application.accept_webhook import AcceptWebhook
from gateway.application.hold_hooks import HeldHooks
from gateway.entrypoints.http.bodies import Limits, WithProblems, chunks, declared_length


def webhook_route(hooks: HeldHooks, accept: AcceptWebhook, limits: Limits) -> Route:
    """`POST /webhooks/{source}/{hook_id}`: 202 for what is new, 200 for what is known, with its id."""

    async def receive_webhook(request: Request) -> Response:
        source: str = request.path_params["source"]
        hook_id: str = request.path_params["hook_id"]
        hook = hooks.find(source, hook_id) or await hooks.find_or_read(source, hook_id)
        if hook is None:
            raise Problem(
                404, "Unknown hook", "no hook is registered at this address: check source and hook id"
            )
        declared = declared_length(request, limits.body)
        with limits.room_for(declared):
            body = b"".join([chunk async for chunk in chunks(request, limits, declared)])
            receipt = await accept(hook, request.headers, body)
        return Response(
            f'{{"id":"{receipt.id}"}}', 202 if receipt.new else 200, media_type="application/json"
        )  # fmt: skip

    return Route("/webhooks/{source}/{hook_id}", WithProblems(receive_webhook), methods=["POST"])

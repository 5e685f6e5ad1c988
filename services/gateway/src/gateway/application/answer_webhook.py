"""Answer senders that act on what they are told: a service's answer in time, else a safe one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from gateway.application.ports import AskedServices, Incoming, Reply, Respondent
from gateway.domain.hook import Hook

MOST_BYTES = 64 * 1024
"""A longer answer is none: the vendors take no more."""


class AnswerWebhook:
    """A caller is never left waiting for a service: the deadline is under the vendor's own.

    The webhook is verified and kept already; the service that is asked hears of it as an event all the same. `counted` is
    told of each service that had no answer in time.
    """

    def __init__(
        self, respondents: Mapping[str, Respondent], services: AskedServices, counted: Callable[[str], None]
    ) -> None:
        self._respondents = respondents
        self._services = services
        self._counted = counted

    async def __call__(self, hook: Hook, incoming: Incoming, webhook_id: str) -> Reply | None:
        """What the sender is told; None when a receipt will do."""
        respondent = self._respondents.get(hook.verifier)
        question = respondent.question(incoming, hook) if respondent is not None else None
        if question is None:
            return None
        if question.service is None:
            return question.otherwise
        try:
            async with asyncio.timeout(question.seconds):
                reply = await self._services.ask(question.service, hook, incoming, webhook_id)
        except TimeoutError:
            reply = None
        if reply is None or not _usable(reply, question.content_types):
            self._counted(question.service)
            return question.otherwise
        return reply


def _usable(reply: Reply, content_types: frozenset[str]) -> bool:
    content_type = reply.content_type.partition(";")[0].strip().lower()
    return reply.status == 200 and content_type in content_types and len(reply.content) <= MOST_BYTES

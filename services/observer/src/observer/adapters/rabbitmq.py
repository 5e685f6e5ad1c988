"""RabbitMQ's queues, by its management API: one request for all queues of the virtual host.

Source: https://www.rabbitmq.com/docs/management (HTTP API, `/api/queues/{vhost}` with `columns`).
"""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import httpx
from pydantic import BaseModel, TypeAdapter, ValidationError

from observer.adapters.clients import TooLarge, client, read
from observer.application.ports import WatchOutage
from observer.domain.fleet import QueueSeen

MOST_BYTES = 16 * 1024 * 1024
_COLUMNS = ",".join(
    ("name", "state", "consumers", "messages_ready", "messages_unacknowledged",
     "message_stats.publish_details.rate", "message_stats.deliver_get_details.rate")
)  # fmt: skip


class _Rate(BaseModel):
    rate: float = 0.0


class _Stats(BaseModel):
    publish_details: _Rate = _Rate()
    deliver_get_details: _Rate = _Rate()


class _Queue(BaseModel):
    """A queue that was just declared has a name alone."""

    name: str
    state: str = "running"
    consumers: int = 0
    messages_ready: int = 0
    messages_unacknowledged: int = 0
    message_stats: _Stats = _Stats()


_QUEUES = TypeAdapter(list[_Queue])


class ManagementQueues:
    """The port `Queues`; `url` holds user and password, `amqp_url` names the virtual host."""

    def __init__(self, url: str, amqp_url: str, *, seconds: float) -> None:
        self._seconds = seconds
        self._http = client(url, seconds=seconds, connections=2)
        # In an AMQP address the virtual host is the path; without one it is "/" (RabbitMQ URI specification).
        self._vhost = urlsplit(amqp_url).path[1:] or quote("/", safe="")

    async def close(self) -> None:
        """Give the connection back."""
        await self._http.aclose()

    async def look(self) -> list[QueueSeen]:
        """All queues. Raises `WatchOutage`."""
        try:
            status, body = await read(
                self._http, f"/api/queues/{self._vhost}", seconds=self._seconds, most=MOST_BYTES,
                params={"columns": _COLUMNS},
            )  # fmt: skip
        except (httpx.HTTPError, TimeoutError, TooLarge) as error:
            raise WatchOutage(
                f"RabbitMQ's management does not answer ({type(error).__name__}): is the plug-in "
                "rabbitmq_management enabled, and OBSERVER_RABBITMQ_URL right?"
            ) from error
        if status == 401:
            raise WatchOutage(
                "RabbitMQ's management refuses the user: check OBSERVER_RABBITMQ_URL and the user's tag"
            )
        if status != 200:
            raise WatchOutage(f"RabbitMQ's management answers {status}")
        try:
            queues = _QUEUES.validate_json(body)
        except ValidationError as error:
            raise WatchOutage("RabbitMQ's management answers what is no list of queues") from error
        return [_seen(queue) for queue in queues]


def _seen(queue: _Queue) -> QueueSeen:
    return QueueSeen(
        name=queue.name, state=queue.state, consumers=queue.consumers, ready=queue.messages_ready,
        unacknowledged=queue.messages_unacknowledged,
        publish_rate=queue.message_stats.publish_details.rate,
        deliver_rate=queue.message_stats.deliver_get_details.rate,
    )  # fmt: skip

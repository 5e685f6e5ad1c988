"""A service's AsyncAPI 3.0 file, by FastStream's own generator from a broker that is never connected."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from faststream.rabbit import RabbitBroker
from faststream.specification.asyncapi import AsyncAPI

from chassis.broker import events, replica_queue, work_queue
from chassis.router import Hearing
from contracts.envelope import Message
from contracts.routing import routing_key
from frontdesk.generate.fleet import Member

_URL = "amqp://rabbitmq:5672"


@cache
def asyncapi(member: Member) -> str:
    """What a service hears and says, as AsyncAPI 3.0 in JSON."""
    broker = RabbitBroker(_URL, logger=None, specification_url=_URL)
    for hearing in member.hearings:
        _hear(broker, member.name, hearing)
    for news in dict.fromkeys(news.message for news in member.news):
        _hear_on_every_replica(broker, member.name, news)
    for message in member.says:
        _say(broker, message)
    specification = AsyncAPI(
        broker, title=member.name, version="1", description=member.description, schema_version="3.0.0"
    )
    document: dict[str, Any] = json.loads(specification.to_specification().to_json())
    return json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _hear(broker: RabbitBroker, service: str, hearing: Hearing) -> None:
    name = hearing.queue(service)
    queue = work_queue(service, name, hearing.binding or name)
    description = _first_sentence(hearing.message) if hearing.message else "Everything that is said."
    if hearing.binding is None:
        subscriber = broker.subscriber(queue, title=name, description=description)
    else:
        subscriber = broker.subscriber(queue, events, title=name, description=description)
    subscriber(_handler(hearing.message))


def _hear_on_every_replica(broker: RabbitBroker, service: str, news: type[Message]) -> None:
    key = routing_key(news)
    name = f"{service}.news.{news.__name__}"
    description = f"In every process: {_first_sentence(news)}"
    subscriber = broker.subscriber(replica_queue(name, key), events, title=name, description=description)
    subscriber(_handler(news))


def _say(broker: RabbitBroker, message: type[Message]) -> None:
    key = routing_key(message)
    broker.publisher(
        exchange=events,
        routing_key=key,
        persist=True,
        schema=message,
        title=key,
        description=_first_sentence(message),
    )


def _handler(message: type[Message] | None) -> Any:
    """A handler that is never called: the generator reads the payload's class from its annotation."""

    async def hear(message: Any) -> None: ...

    hear.__annotations__["message"] = message if message is not None else dict[str, object]
    return hear


def _first_sentence(message: type[Message]) -> str:
    return (message.__doc__ or "").strip().split("\n\n")[0]

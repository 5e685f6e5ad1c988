"""RabbitMQ's definitions of the fleet, to be imported by hand into a broker of one's own: derived from what services hear.

Exchanges, queues and bindings are those that `chassis.topology` declares; the policies add what an operator may change
without a release. Users are not among them: they are the broker's secret.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from faststream.rabbit import RabbitQueue
from pydantic import TypeAdapter

from chassis.broker import dead_letter_queue, work_queue
from chassis.router import Hearing
from contracts.routing import DEAD_LETTER_EXCHANGE, EXCHANGE, dead_queue
from frontdesk.generate.fleet import Member

VHOST = "frontdesk"
WORK_QUEUES = r"^[a-z-]+\.(?!dead$).+"
"""All but those of dead letters."""
LONGEST_QUEUE = 1_000_000
"""Messages; beyond it publishing is refused, and waits in the outbox of who says it."""

Value = str | int | bool | dict[str, "Value"]
Entry = dict[str, Value]


def definitions(members: Sequence[Member]) -> str:
    """The definitions file, as JSON."""
    queues, bindings = _queues(members)
    whole: dict[str, list[Entry]] = {
        "vhosts": [{"name": VHOST, "default_queue_type": "quorum"}],
        "policies": _policies(),
        "exchanges": [_exchange(EXCHANGE, "topic"), _exchange(DEAD_LETTER_EXCHANGE, "direct")],
        "queues": queues,
        "bindings": bindings,
    }
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _queues(members: Sequence[Member]) -> tuple[list[Entry], list[Entry]]:
    queues: list[Entry] = []
    bindings: list[Entry] = []
    for member in members:
        dead = dead_letter_queue(member.name, dead_queue(member.name))
        queues.append(_queue(dead))
        bindings.append(_binding(DEAD_LETTER_EXCHANGE, dead.name, member.name))
        for hearing in member.hearings:
            queues.append(_queue(_work_queue(member.name, hearing)))
            if hearing.binding is not None:
                bindings.append(_binding(EXCHANGE, hearing.queue(member.name), hearing.binding))
    return queues, bindings


def _work_queue(service: str, hearing: Hearing) -> RabbitQueue:
    name = hearing.queue(service)
    return work_queue(service, name, hearing.binding or name)


def _policies() -> list[Entry]:
    limits: Entry = {"max-length": LONGEST_QUEUE, "overflow": "reject-publish"}
    return [
        {
            "vhost": VHOST, "name": "frontdesk-work", "pattern": WORK_QUEUES, "apply-to": "queues",
            "priority": 10, "definition": {**limits},
        }
    ]  # fmt: skip


def _exchange(name: str, kind: str) -> Entry:
    return {
        "vhost": VHOST, "name": name, "type": kind, "durable": True, "auto_delete": False, "internal": False,
        "arguments": {},
    }  # fmt: skip


def _queue(queue: RabbitQueue) -> Entry:
    arguments = TypeAdapter(dict[str, str | int | bool]).validate_python(queue.arguments or {})
    return {
        "vhost": VHOST, "name": queue.name, "durable": True, "auto_delete": False,
        "arguments": {**arguments, "x-queue-type": "quorum"},
    }  # fmt: skip


def _binding(exchange: str, queue: str, key: str) -> Entry:
    return {
        "vhost": VHOST, "source": exchange, "destination": queue, "destination_type": "queue", "routing_key": key,
        "arguments": {},
    }  # fmt: skip

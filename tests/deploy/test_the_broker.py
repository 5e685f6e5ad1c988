"""RabbitMQ's definitions are those of the code; `make generate` writes them."""

import json
from pathlib import Path

from frontdesk.generate.definitions import definitions
from frontdesk.generate.fleet import fleet

FILE = Path(__file__).parents[2] / "deploy" / "rabbitmq" / "definitions.json"


def test_the_definitions_of_the_broker_are_not_stale() -> None:
    members, broken = fleet()

    assert broken == []
    assert FILE.read_text(encoding="utf-8") == definitions(members)


def test_every_queue_survives_a_crash_and_leads_to_a_queue_of_dead_letters() -> None:
    told = json.loads(FILE.read_text(encoding="utf-8"))
    dead = {queue["name"] for queue in told["queues"] if queue["name"].endswith(".dead")}

    for queue in told["queues"]:
        assert queue["arguments"]["x-queue-type"] == "quorum"
        if queue["name"] not in dead:
            assert f"{queue['arguments']['x-dead-letter-routing-key']}.dead" in dead
            assert queue["arguments"]["x-delivery-limit"] == 20

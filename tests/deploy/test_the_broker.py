"""RabbitMQ's definitions; that they are those of the code is shown in tests/architecture/test_generated_files.py."""

import json
from pathlib import Path

FILE = Path(__file__).parents[2] / "deploy" / "rabbitmq" / "definitions.json"


def test_every_queue_survives_a_crash_and_leads_to_a_queue_of_dead_letters() -> None:
    told = json.loads(FILE.read_text(encoding="utf-8"))
    dead = {queue["name"] for queue in told["queues"] if queue["name"].endswith(".dead")}

    for queue in told["queues"]:
        assert queue["arguments"]["x-queue-type"] == "quorum"
        if queue["name"] not in dead:
            assert f"{queue['arguments']['x-dead-letter-routing-key']}.dead" in dead
            assert queue["arguments"]["x-delivery-limit"] == 20

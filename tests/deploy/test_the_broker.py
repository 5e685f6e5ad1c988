"""RabbitMQ's definitions; that they are those of the code is shown in tests/architecture/test_generated_files.py."""

import json
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from aio_pika.exceptions import ChannelPreconditionFailed

from chassis.topology import declare
from frontdesk.fleet.roster import environ
from frontdesk.stack import Stack
from frontdesk.stack.broker import Broker
from frontdesk.stack.plan import load_plan
from reporting.app import create_service

FILE = Path(__file__).parents[2] / "deploy" / "rabbitmq" / "definitions.json"
SHIPPED = FILE.with_name("rabbitmq.conf").read_text(encoding="utf-8")
NEWER = re.compile(r"^(default_queue_type|default_policies\.).*\n", re.MULTILINE)
"""Lines that Debian's RabbitMQ 3.10 does not know yet."""


def test_every_queue_survives_a_crash_and_leads_to_a_queue_of_dead_letters() -> None:
    told = json.loads(FILE.read_text(encoding="utf-8"))
    dead = {queue["name"] for queue in told["queues"] if queue["name"].endswith(".dead")}

    for queue in told["queues"]:
        assert queue["arguments"]["x-queue-type"] == "quorum"
        if queue["name"] not in dead:
            assert f"{queue['arguments']['x-dead-letter-routing-key']}.dead" in dead
            assert queue["arguments"]["x-delivery-limit"] == 20


def test_the_longest_queue_is_the_same_for_a_broker_that_imports_and_one_that_starts_empty() -> None:
    (policy,) = json.loads(FILE.read_text(encoding="utf-8"))["policies"]
    told = dict(re.findall(r"^default_policies\.operator\.frontdesk\.(\w+) = (.*)$", SHIPPED, re.MULTILINE))

    assert told["vhost_pattern"] == f"^{policy['vhost']}$"
    assert told["queue_pattern"] == policy["pattern"]
    assert told["max_length"] == str(policy["definition"]["max-length"])
    queues = [queue["name"] for queue in json.loads(FILE.read_text(encoding="utf-8"))["queues"]]
    limited = {name for name in queues if re.search(policy["pattern"], name)}
    assert {name for name in queues if not name.endswith(".dead")} == limited


class Shipped(Broker):
    """A broker with the shipped settings, laid beside its own as in a container: it does not start on what it does not understand."""

    def _write_configuration(self) -> None:
        super()._write_configuration()
        own = self._folder / "rabbitmq.conf"
        kept = [
            line for line in own.read_text().splitlines() if not line.startswith(("vm_memory", "disk_free"))
        ]
        own.write_text("\n".join(kept) + "\n")
        (self._folder / "conf.d").mkdir(exist_ok=True)
        (self._folder / "conf.d" / "20-frontdesk.conf").write_text(NEWER.sub("", SHIPPED))


def test_a_broker_with_the_shipped_settings_starts_and_takes_what_is_defined_beside_queues(
    tmp_path: Path,
) -> None:
    broker = Shipped(tmp_path, load_plan(tmp_path))
    told = json.loads(FILE.read_text(encoding="utf-8"))
    # The whole of them is shown below, on a broker that runs already.
    few = {kind: told[kind] for kind in ("vhosts", "policies", "exchanges")}
    broker.start()
    try:
        with httpx.Client(
            base_url=f"{broker.management_url}/api/", trust_env=False, timeout=60
        ) as management:
            imported = management.post("definitions", json=few)
            policies = management.get("policies/frontdesk").json()
            users = [user["name"] for user in management.get("users").json()]
    finally:
        broker.kill()  # nothing of it is wanted any more, and in order it takes seven seconds
        broker.stop()

    assert imported.status_code == 204, imported.text
    assert [policy["name"] for policy in policies] == ["frontdesk-work"]
    assert users == ["frontdesk"]


@pytest.fixture
def vhost(stack: Stack) -> Iterator[str]:
    """A virtual host of this test's own."""
    name = f"definitions-{secrets.token_hex(4)}"
    stack.create_vhost(name)
    yield name
    stack.drop_vhost(name)


async def test_a_broker_that_read_the_definitions_has_what_a_service_declares(
    stack: Stack, vhost: str, environment: dict[str, str]
) -> None:
    url = stack.broker.url(vhost)
    with environ({**environment, "AMQP_URL": url}):
        service = create_service()
    async with _management(stack) as management:
        imported = await management.post(f"definitions/{vhost}", json=_of_a_vhost())
        assert imported.status_code == 204, imported.text
        before = await _topology(management, vhost)

        # A queue that stands there with other arguments would be refused.
        declared = await declare(url, "reporting", service.router.hearings)

        assert await _topology(management, vhost) == before
    queues = {queue["name"] for queue in before["queues"]}
    assert set(declared) == {name for name in queues if name.startswith("reporting.")}
    assert len(queues) == len(json.loads(FILE.read_text(encoding="utf-8"))["queues"])


async def test_a_queue_that_is_defined_otherwise_is_refused(stack: Stack, vhost: str) -> None:
    told = _of_a_vhost()
    told["queues"][0]["arguments"] = {"x-queue-type": "classic"}
    async with _management(stack) as management:
        await management.post(f"definitions/{vhost}", json=told)

    with pytest.raises(ChannelPreconditionFailed):
        await declare(stack.broker.url(vhost), told["queues"][0]["name"].partition(".")[0], [])


def _of_a_vhost() -> dict[str, Any]:
    """The file as it is imported into a virtual host of another name."""
    told = json.loads(FILE.read_text(encoding="utf-8"))
    del told["vhosts"]
    for entries in told.values():
        for entry in entries:
            del entry["vhost"]
    return told


def _management(stack: Stack) -> httpx.AsyncClient:
    parts = urlsplit(stack.management_url or "")
    return httpx.AsyncClient(
        base_url=f"{parts.scheme}://{parts.hostname}:{parts.port}/api/",
        auth=(parts.username or "", parts.password or ""), trust_env=False, timeout=60,
    )  # fmt: skip


async def _topology(management: httpx.AsyncClient, vhost: str) -> dict[str, list[dict[str, Any]]]:
    told = (await management.get(f"definitions/{vhost}")).json()
    return {
        kind: sorted(told[kind], key=lambda entry: json.dumps(entry, sort_keys=True))
        for kind in ("exchanges", "queues", "bindings")
    }

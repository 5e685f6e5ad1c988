"""What one instance of the stack has chosen once and keeps: its ports, its password, its folders."""

import hashlib
import secrets
from pathlib import Path

from pydantic import BaseModel

from frontdesk.stack import ports

BROKER_PORTS = 10
"""AMQP, management, distribution, the port mapper, metrics, and five for Erlang's command-line tools."""


class Plan(BaseModel):
    """Kept in `stack.json`, readable by its owner alone."""

    broker_first_port: int
    postgres_port: int
    password: str

    @property
    def broker_ports(self) -> range:
        """All the broker needs."""
        return range(self.broker_first_port, self.broker_first_port + BROKER_PORTS)

    @property
    def amqp_port(self) -> int:
        """Where the broker speaks AMQP."""
        return self.broker_first_port

    @property
    def management_port(self) -> int:
        """Where the broker's management answers HTTP."""
        return self.broker_first_port + 1

    @property
    def distribution_port(self) -> int:
        """Where Erlang nodes would reach the broker."""
        return self.broker_first_port + 2

    @property
    def port_mapper_port(self) -> int:
        """Where this instance's own epmd listens."""
        return self.broker_first_port + 3

    @property
    def metrics_port(self) -> int:
        """Where the broker's figures are read by Prometheus."""
        return self.broker_first_port + 4

    @property
    def tool_ports(self) -> range:
        """Ports for `rabbitmqctl` and its like."""
        return self.broker_ports[5:]


def load_plan(folder: Path) -> Plan:
    """Read the plan of this folder, or draw one and keep it."""
    file = folder / "stack.json"
    if file.exists():
        return Plan.model_validate_json(file.read_text())
    first = ports.free_block(BROKER_PORTS)
    plan = Plan(
        broker_first_port=first,
        postgres_port=ports.free_block(1, beside=range(first, first + BROKER_PORTS)),
        password=secrets.token_urlsafe(24),
    )
    return keep_plan(folder, plan)


def keep_plan(folder: Path, plan: Plan) -> Plan:
    """Write the plan so that nobody ever reads half of it, nor anybody else reads it at all."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "stack.json"
    draft = file.with_suffix(f".{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(plan.model_dump_json(indent=2) + "\n")
    draft.replace(file)
    return plan


def fingerprint(folder: Path) -> str:
    """Eight letters that tell this folder from every other on the machine."""
    return hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]

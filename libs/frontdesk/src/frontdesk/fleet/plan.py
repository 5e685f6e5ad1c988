"""How the fleet is set on one machine: a port per service, and the environment each of them reads."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from frontdesk import checkout
from frontdesk.fleet.errors import FleetError
from frontdesk.fleet.roster import service_points
from frontdesk.fleet.vendors import Vendors
from frontdesk.stack import load_environment
from frontdesk.stack.ports import free_block, is_free


@dataclass(frozen=True)
class FleetPlan:
    """Ports by service, and what all of them share."""

    folder: Path
    ports: Mapping[str, int]
    shared: Mapping[str, str]

    def url(self, service: str) -> str:
        """Where a service answers."""
        return f"http://127.0.0.1:{self.ports[service]}"

    def environment(self, service: str) -> dict[str, str]:
        """Everything that one service's process reads."""
        return {**self.shared, "HTTP_PORT": str(self.ports[service])}


def plan_fleet(
    folder: Path,
    vendors: Vendors | None,
    environment: Mapping[str, str] | None = None,
    *,
    observed: bool | None = None,
) -> FleetPlan:
    """Plan the fleet of a folder: ports chosen once and remembered, so that two checkouts run side by side.

    `vendors` are the simulated ones; without them the environment must say where the real ones are. `environment`
    replaces the folder's own stack (the tests'). `observed`: spans go to the fleet's own Observer, unless the surroundings
    name an endpoint; without being told, that is so for the folder's own stack.
    """
    ports = _ports(folder)
    shared = dict(environment or load_environment(folder))
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items() if name != "gateway"}
    shared |= _watched(ports, shared)
    shared |= {
        "TENANCY_URL": urls["tenancy"],
        "TENANCY_PUBLIC_URL": f"http://127.0.0.1:{ports['gateway']}",
        "GATEWAY_UPSTREAMS": json.dumps(urls),
        "OBSERVER_SERVICES": json.dumps({name: f"http://127.0.0.1:{port}" for name, port in ports.items()}),
        "GATEWAY_SNAPSHOT_PATH": str(folder / "gateway" / "hooks.sealed"),
        "FILE_MANAGEMENT_LOCAL_ROOT": str(folder / "files"),
    }
    observed = environment is None if observed is None else observed
    if observed and "OTEL_EXPORTER_OTLP_ENDPOINT" not in {**os.environ, **shared}:
        shared |= {"OTEL_EXPORTER_OTLP_ENDPOINT": urls["observer"], "FRONTDESK_OTLP_TO_OBSERVER": "true"}
    if vendors is not None:
        shared |= vendors.environment()
    return FleetPlan(folder, ports, shared)


def _watched(ports: Mapping[str, int], environment: Mapping[str, str]) -> dict[str, str]:
    """What the Observer must know: where everybody answers, where the queues are seen, by what it judges."""
    found = {
        "OBSERVER_SERVICES": json.dumps({name: f"http://127.0.0.1:{port}" for name, port in ports.items()}),
        "OBSERVER_CONFIG_PATH": str(checkout.root() / "deploy" / "observer_config.json"),
    }
    if management := environment.get("RABBITMQ_MANAGEMENT_URL") or os.environ.get("RABBITMQ_MANAGEMENT_URL"):
        found["OBSERVER_RABBITMQ_URL"] = management
    return found


def leave_taken_ports(folder: Path) -> None:
    """Forget the remembered ports when someone else listens on one of them; others are chosen by the next plan.

    Raises `FleetError` when it is this folder's own fleet that listens there.
    """
    file = folder / "fleet.json"
    if not file.exists():
        return
    ports = _ports(folder)
    taken = {name: port for name, port in ports.items() if not is_free(port)}
    if not taken:
        return
    if _is_ours(ports["gateway"], load_environment(folder)["FRONTDESK_ADMIN_TOKEN"]):
        raise FleetError(
            f"the fleet of {folder} runs already, its gateway at http://127.0.0.1:{ports['gateway']}: stop it first"
        )
    file.unlink()


def _is_ours(port: int, token: str) -> bool:
    """Whether a gateway answers there that knows our token."""
    import httpx

    headers = {"Authorization": f"Bearer {token}"}
    try:
        answer = httpx.get(
            f"http://127.0.0.1:{port}/api/v1/tenants", headers=headers, timeout=5, trust_env=False
        )
    except httpx.HTTPError:
        return False
    return answer.is_success


def _ports(folder: Path) -> dict[str, int]:
    """The remembered ports; services' own for the checkout's own fleet, where they are free, else a block of free ones.

    Fleets of other folders (tests, demos) never take the services' own: two that start at a time would take the same.
    """
    file = folder / "fleet.json"
    known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    wanted = [point.name for point in service_points()]
    if any(name not in known for name in wanted):
        own = own_ports()
        of_the_checkout = folder.resolve() == checkout.root() / ".local"
        if not known and of_the_checkout and all(is_free(port) for port in own.values()):
            known = own
        else:
            first = free_block(len(wanted))
            known = {name: first + place for place, name in enumerate(wanted)}
        folder.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(known, indent=1))
    return {name: known[name] for name in wanted}


def own_ports() -> dict[str, int]:
    """Every service's own port (architecture §1)."""
    return {point.name: _default_port(point.module) for point in service_points()}


def _default_port(module: str) -> int:
    settings = import_module(f"{module.partition('.')[0]}.settings")
    port: int = settings.Settings.default_port
    return port

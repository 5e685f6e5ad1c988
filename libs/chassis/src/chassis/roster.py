"""Which services there are, and the port of each on one machine: the one list; elsewhere settings name addresses.

Who asks all services (the gateway, the Observer) begins with it, `frontdesk scaffold service` adds to it, and a test holds it
against the folders under `services/` and the port in the settings of each.
"""

from __future__ import annotations

from collections.abc import Mapping

PORTS: Mapping[str, int] = {
    "gateway": 8000,
    "tenancy": 8001,
    "orchestrator": 8002,
    "conversation": 8003,
    "reporting": 8004,
    "notification": 8005,
    "email-ingest": 8006,
    "ocr": 8007,
    "crm-sync": 8008,
    "file-management": 8009,
    "observer": 8010,
    "billing": 8013,
}


def addresses() -> dict[str, str]:
    """Where each service answers on one machine, by its name."""
    return {name: f"http://127.0.0.1:{port}" for name, port in PORTS.items()}

"""Where a new service is deployed: the chart's values, the Compose fleet, and Prometheus beside it."""

from __future__ import annotations

import re
from pathlib import Path

from frontdesk.scaffold.plan import changed

VALUES = "helm/frontdesk/values.yaml"
COMPOSE = "docker-compose.yml"
PROMETHEUS = "deploy/compose/prometheus.yml"
_IN_COMPOSE = """\
  {name}:
    <<: *service
    image: frontdesk-{name}:${{FRONTDESK_TAG:-dev}}
    build: {{context: ., dockerfile: deploy/Dockerfile, args: {{SERVICE: {name}}}}}
    environment:
      <<: *settings
    volumes: [blobs:/blobs]
    depends_on:
      <<: *ready
      {name}-migrate: {{condition: service_completed_successfully}}
  {name}-migrate:
    <<: *migration
    image: frontdesk-{name}:${{FRONTDESK_TAG:-dev}}
    environment: {{<<: *settings, BLOB_URL: "memory://"}}
"""


def deployed(root: Path, name: str) -> dict[str, str]:
    """The files that say what is deployed, with one service more.

    Raises `CannotScaffold` when the place in a file cannot be found.
    """
    return {
        VALUES: _in_values((root / VALUES).read_text(encoding="utf-8"), name),
        COMPOSE: _in_compose((root / COMPOSE).read_text(encoding="utf-8"), name),
        PROMETHEUS: _in_prometheus((root / PROMETHEUS).read_text(encoding="utf-8"), name),
    }


def _in_values(text: str, name: str) -> str:
    """The gateway and the Observer ask it; itself it has what every service has."""
    for asking in ("gateway", "observer"):
        asks = rf"(^  {asking}:\n(?:    .*\n)*?    asks: \[[^\]]*)\]"
        text, found = re.subn(asks, rf"\1, {name}]", text, flags=re.MULTILINE)
        text = changed(text, found, f"services.{asking}.asks in {VALUES}")
    text, found = re.subn(
        r"^services:\n(?:(?:  .*)?\n)+",
        rf"\g<0>  {name}:\n    scale: {{min: 1, max: 4}}\n",
        text,
        flags=re.MULTILINE,
    )
    return changed(text, found, f"the services in {VALUES}")


def _in_compose(text: str, name: str) -> str:
    for setting in ("GATEWAY_UPSTREAMS", "OBSERVER_SERVICES"):
        address = f'"{name}": "http://{name}:8080"'
        text, found = re.subn(rf"({setting}: '\{{[^}}]*)", rf"\1, {address}", text)
        text = changed(text, found, f"{setting} in {COMPOSE}")
    block = _IN_COMPOSE.format(name=name)
    text, found = re.subn(r"\n  sandbox:\n", lambda place: f"{block}{place[0]}", text, count=1)
    return changed(text, found, f"the place before the sandbox in {COMPOSE}")


def _in_prometheus(text: str, name: str) -> str:
    target = f"      - {{targets: ['{name}:8080'], labels: {{service: {name}}}}}\n"
    text, found = re.subn(r"(?:      - \{targets: .*\n)+", rf"\g<0>{target}", text, count=1)
    return changed(text, found, f"the targets in {PROMETHEUS}")

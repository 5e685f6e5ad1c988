"""Grafana's boards, each a list of rows of panels; what repeats is said once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SERVICE, MESSAGE = 'service=~"$service"', 'service=~"$service",message=~"$message"'
_PROMETHEUS = {"type": "prometheus", "uid": "prometheus"}
_LOKI = {"type": "loki", "uid": "loki"}
_WIDTH = 24
_STORY = "${observer}/api/v1/fleet/stories/"


@dataclass(frozen=True)
class Panel:
    """One picture: its lines are PromQL by legend."""

    title: str
    lines: Mapping[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    exemplars: bool = False
    text: str = ""
    says: str = ""


@dataclass(frozen=True)
class Board:
    """One board; `variables` are label names by the query that lists their values."""

    uid: str
    title: str
    rows: Sequence[Sequence[Panel]]
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    texts: Mapping[str, str] = field(default_factory=dict[str, str])


def quantiles(metric: str, selector: str, by: str, legend: str) -> dict[str, str]:
    """The middle, the slow and the slowest of a histogram."""
    return {
        f"{legend} p{round(q * 100)}": f"histogram_quantile({q}, sum by ({by}, le) (rate({metric}_bucket{{{selector}}}[5m])))"
        for q in (0.5, 0.95, 0.99)
    }


def slowest(metric: str, by: str) -> str:
    """The five slowest at the 95th percentile; from the buckets themselves, for those have exemplars and no recorded figure has."""
    return f"topk(5, histogram_quantile(0.95, sum by ({by}, le) (rate({metric}_bucket[5m]))))"


def rate(metric: str, selector: str, by: str) -> str:
    """How many a second, by labels."""
    return f"sum by ({by}) (rate({metric}{{{selector}}}[5m]))"


_SERVICES = {"service": "label_values(frontdesk_process_info, service)"}
_MESSAGES = {**_SERVICES, "message": 'label_values(frontdesk_message_servers{service=~"$service"}, message)'}

FLEET = Board("frontdesk-fleet", "Frontdesk: fleet", [
    [
        Panel("Requests a second", {"{{service}}": "service:frontdesk_http_requests:rate5m"}, "reqps"),
        Panel("Failed requests a second", {"{{service}}": "service:frontdesk_http_errors:rate5m"}, "reqps"),
        Panel("Latency, 95th percentile", {"{{service}}": "service:frontdesk_http_request_seconds:p95"}, "s"),
    ],
    [
        Panel("Messages a second", {"{{service}}": "sum by (service) (service_message:frontdesk_messages_handled:rate5m)"}, "ops"),
        Panel("Longest wait, 95th percentile", {"{{service}}": "max by (service) (service_message:frontdesk_message_wait_seconds:p95)"}, "s"),
        Panel("Dead letters", {"{{service}}": "sum by (service) (frontdesk_dead_letters)"}, says="Each waits for a person."),
    ],
    [
        Panel("Processor", {"{{instance}}": "rate(process_cpu_seconds_total[5m])"}, "percentunit"),
        Panel("Memory", {"{{instance}}": "process_resident_memory_bytes"}, "bytes"),
        Panel("Database answers", {"{{service}}": "frontdesk_database_seconds"}, "s"),
    ],
    [
        Panel("Replicas seen", {"{{service}}": "sum by (service) (up)"}, kind="stat"),
        Panel("Processes", {"{{service}} {{version}} {{process}}": "frontdesk_process_info"}, kind="table"),
    ],
])  # fmt: skip

ONE = Board("frontdesk-service", "Frontdesk: one service", [
    [
        Panel("Requests", {"{{method}} {{route}} {{status}}": rate("frontdesk_http_request_seconds_count", SERVICE, "method, route, status")}, "reqps"),
        Panel("Latency", quantiles("frontdesk_http_request_seconds", SERVICE, "route", "{{route}}"), "s", exemplars=True),
    ],
    [
        Panel("Messages by outcome", {"{{message}} {{outcome}}": rate("frontdesk_messages_handled_total", SERVICE, "message, outcome")}, "ops"),
        Panel("Handling", quantiles("frontdesk_message_seconds", SERVICE, "message", "{{message}}"), "s", exemplars=True),
        Panel("In flight of those allowed", {"{{message}}": f"service_message:frontdesk_message_load:ratio{{{SERVICE}}}"}, "percentunit"),
    ],
    [
        Panel("Database", {"answers": f"frontdesk_database_seconds{{{SERVICE}}}"}, "s"),
        Panel("Connections", {"in use": f"frontdesk_database_pool_in_use{{{SERVICE}}}", "kept": f"frontdesk_database_pool_size{{{SERVICE}}}"}),
        Panel("Units that share a commit", quantiles("frontdesk_commit_group_size", SERVICE, "service", "{{service}}")),
    ],
    [
        Panel("Files open", {"{{instance}}": f"process_open_fds{{{SERVICE}}}"}),
        Panel("Running since", {"{{instance}}": f"process_start_time_seconds{{{SERVICE}}} * 1000"}, "dateTimeAsIso", "stat"),
        Panel("Log", {"": '{app="frontdesk",service=~"$service"} | json | level=~"warning|error"'}, kind="logs"),
    ],
], _SERVICES)  # fmt: skip

QUEUES = Board("frontdesk-queues", "Frontdesk: queues", [
    [
        Panel("Wait before handling", quantiles("frontdesk_message_wait_seconds", MESSAGE, "service, message", "{{service}} {{message}}"), "s", exemplars=True),
        Panel("Ready in the broker", {"{{queue}}": "rabbitmq_detailed_queue_messages_ready > 0"}),
    ],
    [
        Panel("Come in and are handled", {
            "handled {{service}} {{message}}": rate("frontdesk_message_seconds_count", MESSAGE, "service, message"),
            "said {{message}}": rate("frontdesk_messages_published_total", 'message=~"$message"', "message"),
        }, "ops"),
        Panel("Share of the servers at work", {"{{service}} {{message}}": f"service_message:frontdesk_message_load:ratio{{{MESSAGE}}}"}, "percentunit"),
        Panel("Variance of handling", {"{{service}} {{message}}":
            f"{rate('frontdesk_message_seconds_squared_total', MESSAGE, 'service, message')} / {rate('frontdesk_message_seconds_count', MESSAGE, 'service, message')}"
            f" - (service_message:frontdesk_message_seconds:mean{{{MESSAGE}}}) ^ 2"}, says="Seconds squared: large variance makes queues long before all servers are busy."),
    ],
    [
        Panel("Consumers", {"{{queue}}": "rabbitmq_detailed_queue_consumers"}),
        Panel("Not acknowledged", {"{{queue}}": "rabbitmq_detailed_queue_messages_unacked > 0"}),
    ],
], _MESSAGES)  # fmt: skip

DELIVERY = Board("frontdesk-delivery", "Frontdesk: delivery", [
    [
        Panel("Outbox: due and not published", {"{{service}}": "frontdesk_outbox_pending"}),
        Panel("Outbox: the oldest", {"{{service}}": "frontdesk_outbox_oldest_seconds"}, "s"),
    ],
    [
        Panel("Tried again", {"{{service}} {{message}}": rate("frontdesk_messages_handled_total", 'outcome="retried"', "service, message")}, "ops"),
        Panel("Parked and yielded", {"{{outcome}} {{service}}": rate("frontdesk_messages_handled_total", 'outcome=~"parked|yielded"', "service, outcome")}, "ops"),
        Panel("Died", {"{{service}} {{message}}": 'sum by (service, message) (increase(frontdesk_messages_handled_total{outcome="dead"}[1h]))'}),
    ],
    [
        Panel("Dead letters that wait", {"{{service}} {{error}}": "frontdesk_dead_letters"}, kind="table"),
        Panel("Seen before", {"{{service}}": rate("frontdesk_messages_handled_total", 'outcome="duplicate"', "service")}, "ops"),
    ],
])  # fmt: skip

_GATE = 'service="gateway"'
DOORS = Board("frontdesk-doors", "Frontdesk: doors", [
    [
        Panel("Webhooks", {"{{status}}": rate("frontdesk_http_request_seconds_count", f'{_GATE},route=~"/webhooks.*"', "status")}, "reqps"),
        Panel("Webhooks: time to 2xx", quantiles("frontdesk_http_request_seconds", f'{_GATE},route=~"/webhooks.*"', "service", "webhook"), "s", exemplars=True),
    ],
    [
        Panel("API", {"{{method}} {{route}} {{status}}": rate("frontdesk_http_request_seconds_count", f'{_GATE},route!~"/webhooks.*"', "method, route, status")}, "reqps"),
        Panel("Refused", {"{{reason}}": "sum by (reason) (rate(frontdesk_gateway_refused_total[5m]))"}, "reqps"),
    ],
    [
        Panel("Services that could not be asked", {"{{service}}": "sum by (service) (rate(frontdesk_gateway_upstream_failures_total[5m]))"}, "reqps"),
        Panel("Reads", {"all": "sum (rate(frontdesk_gateway_reads_total[5m]))"}, "reqps"),
        Panel("Cut and safe answers", {"cut": "sum (rate(frontdesk_gateway_answers_cut_total[5m]))", "safe": "sum (rate(frontdesk_gateway_safe_answers_total[5m]))"}, "reqps"),
    ],
])  # fmt: skip

SLOW = Board("frontdesk-slow", "Frontdesk: why was this answer slow", [
    [
        Panel("The story", {}, kind="text", text=(
            "Write a correlation id, or `lead/ID`, above.\n\n"
            f"[Its waterfall and the reason in a sentence]({_STORY}$story) · [all slow stories]({_STORY}?slow=true) · "
            f"[all failed ones]({_STORY}?failed=true) · in a terminal: `frontdesk story $story`\n\n"
            "Below: where time goes in general, in the order of a message's way: it waits, is worked on, is committed."
        )),
        Panel("Its log, by trace and story", {"": '{app="frontdesk"} | json | correlation_id=`$story` or trace_id=`$story`'}, kind="logs"),
    ],
    [
        Panel("1. Waits, slowest first", {"{{service}} {{message}}": slowest("frontdesk_message_wait_seconds", "service, message")}, "s", exemplars=True),
        Panel("2. Handling, slowest first", {"{{service}} {{message}}": slowest("frontdesk_message_seconds", "service, message")}, "s", exemplars=True),
        Panel("3. Requests, slowest first", {"{{service}}": slowest("frontdesk_http_request_seconds", "service")}, "s", exemplars=True),
    ],
    [
        Panel("All servers at work?", {"{{service}} {{message}}": "service_message:frontdesk_message_load:ratio > 0.5"}, "percentunit", says="Then messages wait: more replicas help."),
        Panel("Tried again?", {"{{service}} {{message}}": rate("frontdesk_messages_handled_total", 'outcome=~"retried|parked"', "service, message")}, "ops", says="Then a vendor is away or refuses."),
        Panel("Stuck in an outbox?", {"{{service}}": "frontdesk_outbox_oldest_seconds > 1"}, "s", says="Then the broker does not take what was committed."),
        Panel("A slow database?", {"{{service}}": "frontdesk_database_seconds"}, "s"),
    ],
], texts={"story": ""})  # fmt: skip

OBSERVER = Board("frontdesk-observer", "Frontdesk: the Observer", [
    [
        Panel("Spans by what became of them", {"{{outcome}}": "sum by (outcome) (rate(frontdesk_observer_spans_total[5m]))"}, "ops"),
        Panel("Spans lost before they came", {"{{service}}": "sum by (service) (rate(frontdesk_spans_dropped_total[5m]))"}, "ops"),
    ],
    [
        Panel("Its requests", {"{{method}} {{route}} {{status}}": rate("frontdesk_http_request_seconds_count", 'service="observer"', "method, route, status")}, "reqps"),
        Panel("Its database", {"answers": 'frontdesk_database_seconds{service="observer"}', "up": 'frontdesk_database_up{service="observer"}'}),
        Panel("Its memory", {"{{instance}}": 'process_resident_memory_bytes{service="observer"}'}, "bytes"),
    ],
])  # fmt: skip

BOARDS = (FLEET, ONE, QUEUES, DELIVERY, DOORS, SLOW, OBSERVER)


def expressions(board: Board) -> list[str]:
    """Every PromQL expression of a board."""
    return [
        line
        for row in board.rows
        for panel in row
        if panel.kind not in ("logs", "text")
        for line in panel.lines.values()
    ]


def dashboard(board: Board) -> dict[str, object]:
    """The board as Grafana keeps it."""
    panels: list[dict[str, object]] = []
    for place, row in enumerate(board.rows):
        width = _WIDTH // len(row)
        for column, panel in enumerate(row):
            position = {"h": 8, "w": width, "x": column * width, "y": place * 8}
            panels.append({"id": len(panels) + 1, "gridPos": position, **_panel(panel)})
    links = [
        {
            "type": "dashboards",
            "tags": ["frontdesk"],
            "asDropdown": True,
            "title": "Frontdesk",
            "keepTime": True,
        }
    ]
    return {
        "uid": board.uid, "title": board.title, "tags": ["frontdesk"], "schemaVersion": 38, "version": 1, "editable": False,
        "timezone": "browser", "refresh": "30s", "time": {"from": "now-1h", "to": "now"}, "links": links,
        "templating": {"list": _variables(board)}, "panels": panels,
    }  # fmt: skip


def _panel(panel: Panel) -> dict[str, object]:
    if panel.kind == "text":
        return {"type": "text", "title": panel.title, "options": {"mode": "markdown", "content": panel.text}}
    source = _LOKI if panel.kind == "logs" else _PROMETHEUS
    targets = [
        {
            "refId": chr(ord("A") + place), "datasource": source, "expr": line, "legendFormat": legend,
            "exemplar": panel.exemplars, "instant": panel.kind == "table",
            **({"format": "table"} if panel.kind == "table" else {}),
        }
        for place, (legend, line) in enumerate(panel.lines.items())
    ]  # fmt: skip
    link = {
        "title": "Its story in the Observer",
        "url": f"{_STORY}${{__data.fields.trace_id}}",
        "targetBlank": True,
    }
    defaults: dict[str, object] = {"unit": panel.unit, **({"links": [link]} if panel.exemplars else {})}
    return {
        "type": panel.kind, "title": panel.title, "description": panel.says, "datasource": source, "targets": targets,
        "fieldConfig": {"defaults": defaults, "overrides": []}, "options": {},
    }  # fmt: skip


def _variables(board: Board) -> list[dict[str, object]]:
    found: list[dict[str, object]] = [
        {"name": name, "type": "query", "datasource": _PROMETHEUS, "query": query, "refresh": 2, "multi": True,
         "includeAll": True, "allValue": ".*", "current": {"text": "All", "value": "$__all"}}
        for name, query in board.variables.items()
    ]  # fmt: skip
    observer = {"observer": "http://127.0.0.1:8010"}
    typed: list[dict[str, object]] = [
        {"name": name, "type": "textbox", "query": value, "current": {"text": value, "value": value}}
        for name, value in {**board.texts, **observer}.items()
    ]
    return [*found, *typed]

"""The shipped `observer_config.json` speaks of what there is: a pattern that matches nothing would watch nothing."""

import json
from collections.abc import Callable
from fnmatch import fnmatchcase
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from chassis import Service
from contracts.routing import dead_queue
from frontdesk.fleet.roster import GROUP
from frontdesk.generate.fleet import plain_environment
from observer.adapters.observer_config import ThresholdEntry, read_config
from observer.domain.thresholds import Scope
from observer.settings import known_services

CONFIG = Path(__file__).parents[2] / "deploy" / "observer_config.json"
ENDPOINTS, QUEUES = ("latency_quantile", "error_rate"), ("queue_depth", "queue_wait", "consumers_missing")
Subjects = dict[str, set[str]]


@pytest.fixture(scope="module")
def services() -> list[Service]:
    """Every service, put together and not started."""
    found: list[Service] = []
    for point in entry_points(group=GROUP):
        create: Callable[[], Service] = point.load()
        with plain_environment():
            found.append(create())
    return found


@pytest.fixture(scope="module")
def endpoints(services: list[Service]) -> Subjects:
    """By service, what its requests are measured by; the gateway measures those that it hands on, too."""
    own = {service.name: set(service.endpoints) for service in services}
    api = {endpoint for known in own.values() for endpoint in known if " /api/v1/" in endpoint}
    return own | {"gateway": own["gateway"] | api}


@pytest.fixture(scope="module")
def queues(services: list[Service]) -> Subjects:
    """By service, the queues that it declares."""
    return {
        one.name: {*(hearing.queue(one.name) for hearing in one.router.hearings), dead_queue(one.name)}
        for one in services
    }


def _entries() -> list[ThresholdEntry]:
    return [ThresholdEntry.model_validate(one) for one in json.loads(CONFIG.read_text())["thresholds"]]


def _idle(entry: ThresholdEntry, there: Subjects) -> list[str]:
    """The patterns of a threshold that match nothing of what there is."""
    services = {name: there.get(name, set()) for name in known_services()}
    meant = {name for name in services if Scope(tuple(entry.services)).takes(name, None)}
    subjects = set[str]().union(*(services[name] for name in meant))
    return [
        f"{entry.name}: {pattern}"
        for patterns, known in ((entry.services, set(services)), ((*entry.subjects, *entry.but), subjects))
        for pattern in patterns
        if not any(fnmatchcase(name, pattern) for name in known)
    ]


def test_every_pattern_of_the_shipped_thresholds_matches_something_that_there_is(
    endpoints: Subjects, queues: Subjects
) -> None:
    assert read_config(CONFIG.read_bytes(), known_services()).all
    idle = [
        fault
        for entry in _entries()
        for fault in _idle(
            entry, endpoints if entry.metric in ENDPOINTS else queues if entry.metric in QUEUES else {}
        )
        if not fault.endswith(": *")
    ]

    assert idle == []


def test_a_webhook_and_a_log_in_are_watched_by_the_critical_threshold(endpoints: Subjects) -> None:
    critical = next(one for one in _entries() if one.name == "critical_endpoints")
    scope = Scope(tuple(critical.services), tuple(critical.subjects), tuple(critical.but))

    watched = {name for service, known in endpoints.items() for name in known if scope.takes(service, name)}

    assert "POST /webhooks/{source}/{hook_id}" in watched
    assert "POST /api/v1/auth/login" in watched


@pytest.mark.parametrize(
    "changed", [{"subjects": ["POST /hooks/*"]}, {"but": ["* /api/v2/*"]}, {"services": ["gatway*"]}]
)
def test_a_pattern_that_matches_nothing_is_found(endpoints: Subjects, changed: dict[str, list[str]]) -> None:
    entry = ThresholdEntry.model_validate(
        {"name": "late", "metric": "latency_quantile", "limit": 1, **changed}
    )

    assert any(fault.endswith(f": {next(iter(changed.values()))[0]}") for fault in _idle(entry, endpoints))

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from gateway.adapters.configuration_file import ConfigurationFile
from gateway.domain.configuration import Configuration, Policies
from gateway.domain.rate_limits import Policy

BASE = Configuration(
    {"ocr": ("http://ocr:1",), "tenancy": ("http://tenancy:1",)},
    frozenset({"https://old.example.com"}),
    Policies(Policy("user", 1, 60), Policy("tenant", 2, 60), Policy("key", 3, 60), Policy("address", 4, 60)),
)


class Applied(list[Configuration]):
    def __call__(self, configuration: Configuration) -> None:
        self.append(configuration)


def file(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "gateway.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_what_the_file_leaves_out_is_as_the_settings_say(tmp_path: Path) -> None:
    applied = Applied()
    given = {"upstreams": {"ocr": ["http://a:1", "http://b:1"]}, "limits": {"user": "9/hour"}}
    ConfigurationFile(file(tmp_path, given), BASE, applied).read()

    assert applied[0].upstreams == {"ocr": ("http://a:1", "http://b:1"), "tenancy": ("http://tenancy:1",)}
    assert applied[0].policies.user == Policy("user", 9, 3600)
    assert applied[0].policies.tenant == BASE.policies.tenant
    assert applied[0].origins == BASE.origins


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"limits": {"user": "many"}}, "limits.user: "),
        ({"upstreams": {"ocr": "ftp://x"}}, "upstreams.ocr.0: "),
        ({"upstreams": {"ocr": []}}, "upstreams.ocr: "),
        ({"upstreams": {"orc": "http://x:1"}}, "upstreams.orc: no such service"),
        ({"cors_origins": ["https://a.example.com/path"]}, "cors_origins.0: "),
        ({"cors_origin": []}, "cors_origin: "),
        ("{", "the file: Invalid JSON"),
    ],
)
def test_an_invalid_file_changes_nothing_and_the_place_of_its_fault_is_told(
    tmp_path: Path, content: object, fault: str
) -> None:
    applied = Applied()
    watched = ConfigurationFile(file(tmp_path, content), BASE, applied)
    watched.read()

    assert applied == []
    assert fault in watched.notes()[0]
    file(tmp_path, {})
    watched.read()
    assert (applied, watched.notes()) == ([BASE], [])


async def test_the_file_is_read_when_it_changes_and_on_a_signal(tmp_path: Path) -> None:
    applied = Applied()
    path = file(tmp_path, {"cors_origins": ["https://first.example.com"]})
    running = asyncio.create_task(ConfigurationFile(path, BASE, applied).run())
    try:
        async with asyncio.timeout(10):
            while len(applied) < 1:
                await asyncio.sleep(0.01)
            path.write_text(json.dumps({"cors_origins": ["https://second.example.com"]}))
            os.kill(os.getpid(), signal.SIGHUP)
            while len(applied) < 2:
                await asyncio.sleep(0.01)
            path.write_text(json.dumps({"cors_origins": ["https://the-third.example.com"]}))
            while len(applied) < 3:
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    assert [sorted(one.origins)[0] for one in applied] == [
        "https://first.example.com", "https://second.example.com", "https://the-third.example.com",
    ]  # fmt: skip

from __future__ import annotations

import pytest
from pydantic import ValidationError

from gateway.settings import Settings

GIVEN = {
    "AMQP_URL": "amqp://a:b@127.0.0.1/x", "DATABASE_URL": "postgresql://a:b@127.0.0.1/x", "BLOB_URL": "memory://",
    "FRONTDESK_MASTER_KEY": "k", "FRONTDESK_SERVICE_TOKEN": "s", "FRONTDESK_ADMIN_TOKEN": "a",
}  # fmt: skip


def settings(monkeypatch: pytest.MonkeyPatch, **own: str) -> Settings:
    for name, value in (GIVEN | own).items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_a_service_may_have_one_address_or_several_and_those_left_out_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upstreams = '{"ocr": "http://ocr:1", "tenancy": ["http://a:1", "https://b:2"]}'
    found = settings(monkeypatch, GATEWAY_UPSTREAMS=upstreams).configuration.upstreams

    assert found["ocr"] == ("http://ocr:1",)
    assert found["tenancy"] == ("http://a:1", "https://b:2")
    assert found["orchestrator"] == ("http://127.0.0.1:8002",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_UPSTREAMS", '{"nobody": "http://x:1"}'),
        ("GATEWAY_UPSTREAMS", '{"ocr": "http://x:1/path"}'),
        ("GATEWAY_UPSTREAMS", '{"ocr": []}'),
        ("GATEWAY_CORS_ORIGINS", '["*"]'),
        ("GATEWAY_LIMIT_USER", "fast"),
        ("GATEWAY_LIMITS_URL", "somewhere"),
        ("GATEWAY_ACCESS_HOLD_SECONDS", "0"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_at_the_start(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    with pytest.raises(ValidationError):
        settings(monkeypatch, **{name: value})

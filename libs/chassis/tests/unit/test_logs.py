"""What a process logs: one JSON object a line, whoever writes it, and never the words of an unexpected error."""

import json
import subprocess
import sys

PROGRAM = """
import logging
from datetime import UTC, datetime
import structlog
from chassis.settings import Settings
from chassis.telemetry import Telemetry, configure_logs
from contracts.envelope import Envelope

configure_logs("INFO")
settings = Settings(
    amqp_url="amqp://localhost", database_url="postgresql://localhost", blob_url="memory://",
    master_key="A" * 43, service_token="service", admin_token="admin",
)
heard = Envelope(
    id="1", type="document.received.v1", source="email-ingest", subject="document/1", time=datetime.now(UTC),
    tenant_id="acme", correlation_id="story-1", causation_id=None, traceparent=None,
)
with Telemetry("ocr", settings).handling("ocr.document.received.v1", heard, 1):
    structlog.get_logger("ours").info("said by us", queue="ocr")
    logging.getLogger("a.library").warning("said by %s", "a library")
    try:
        raise ValueError("anna.berger@post.example has no payslip")
    except ValueError as error:
        structlog.get_logger("ours").error("a request failed", exc_info=error)
        logging.getLogger("a.library").exception("it failed")
logging.getLogger("httpx").info("GET https://crm.example/party?email=anna.berger@post.example")
"""


def test_every_line_is_json_with_the_ids_and_without_the_words_of_an_error() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "said by us",
        "said by a library",
        "a request failed",
        "it failed",
    ]
    assert {(line["tenant_id"], line["correlation_id"]) for line in lines} == {("acme", "story-1")}
    assert [line["level"] for line in lines] == ["info", "warning", "error", "error"]
    assert all(line["error"] == "ValueError" and line["at"].startswith("<string>:") for line in lines[2:])
    assert "anna.berger" not in done.stderr

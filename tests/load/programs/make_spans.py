"""Makes spans at a rate, as a service under load does, and exports them as the chassis does; tells how many were lost."""

from __future__ import annotations

import os
import time

from opentelemetry.sdk.trace import TracerProvider
from pydantic import BaseModel
from talk import answer, asked

from chassis.exporting import exported


class Load(BaseModel):
    """Where spans go, how many a second, for how long."""

    endpoint: str
    rate: float
    seconds: float


def main() -> None:
    """Three spans to a story: a message handled, its vendor's call, a statement."""
    given = asked(Load)
    lost: list[int] = []
    spans = exported(given.endpoint, os.environ["FRONTDESK_SERVICE_TOKEN"], lost.append)
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(spans)
    tracer = provider.get_tracer("load")
    made, began = 0, time.monotonic()
    while (passed := time.monotonic() - began) < given.seconds:
        while made < given.rate * passed:
            told = {
                "frontdesk.correlation_id": f"story-{made}",
                "frontdesk.tenant_id": "acme",
                "frontdesk.work_s": 0.01,
            }
            with tracer.start_as_current_span("probe.document.received.v1", attributes=told):
                tracer.start_span("weclapp GET /party").end()
                tracer.start_span("database select").end()
            made += 3
        time.sleep(0.005)
    spans.force_flush()
    spans.end()
    answer(made=made, lost=sum(lost), seconds=time.monotonic() - began)


if __name__ == "__main__":
    main()

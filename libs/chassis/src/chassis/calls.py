"""Spans inside a handled message or a request: calls of vendors, and statements that took long.

They name the vendor, the operation and how it ended: no address, no query, no value, for these may be personal data.
Outside of a recorded span they cost a look at a context variable.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry import trace
from opentelemetry.trace import SpanKind, Status, StatusCode
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine, ExecutionContext

TRACER: ContextVar[trace.Tracer] = ContextVar("tracer")
"""The tracer of the service whose message or request is at work."""
_STATEMENT_LENGTH = 300


@contextmanager
def vendor_call(vendor: str, operation: str) -> Iterator[trace.Span]:
    """A span around a call of a vendor; an error marks it with its kind, never with its words.

    `operation` is a name of ours or of the vendor's documents (`POST /party`), without ids, addresses or values.
    """
    tracer = TRACER.get(None)
    if tracer is None or not trace.get_current_span().is_recording():
        yield trace.INVALID_SPAN
        return
    with tracer.start_as_current_span(
        f"{vendor} {operation}", kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=False,
        attributes={"frontdesk.vendor": vendor, "frontdesk.operation": operation},
    ) as span:  # fmt: skip
        try:
            yield span
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            span.set_attribute("error.type", type(error).__name__)
            raise


def statement_took(text: str, began: int) -> None:
    """Tell a statement that took long, as it began at `began` (nanoseconds since 1970)."""
    tracer = TRACER.get(None)
    if tracer is None or not trace.get_current_span().is_recording():
        return
    summary = " ".join(text.split()[:3])
    span = tracer.start_span(
        f"database {summary}"[:80], kind=SpanKind.CLIENT, start_time=began,
        attributes={"db.system.name": "postgresql", "db.query.text": text[:_STATEMENT_LENGTH]},
    )  # fmt: skip
    span.end()


def watch_statements(engine: Engine, seconds: float) -> None:
    """Have every statement of an engine that takes longer than `seconds` told as a span; parameters are never told."""

    def before(
        _: Connection, __: object, ___: str, ____: object, context: ExecutionContext, *_____: object
    ) -> None:
        context.began = time.time_ns()  # pyright: ignore[reportAttributeAccessIssue] — SQLAlchemy's own place for it

    def after(
        _: Connection, __: object, text: str, ____: object, context: ExecutionContext, *_____: object
    ) -> None:
        began: int = context.began  # pyright: ignore[reportAttributeAccessIssue]
        if time.time_ns() - began > seconds * 1e9:
            statement_took(text, began)

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "after_cursor_execute", after)

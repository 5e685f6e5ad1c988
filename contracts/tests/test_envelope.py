"""The envelope on the wire is what the CloudEvents SDK would make of it, though it is made without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.envelope import Envelope, InvalidEnvelope

_texts = st.text(min_size=1, max_size=40).filter(str.strip)
_envelopes = st.builds(
    Envelope,
    id=_texts,
    type=_texts,
    source=_texts,
    subject=_texts,
    time=st.datetimes(timezones=st.just(UTC)),
    tenant_id=st.from_regex(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True),
    correlation_id=_texts,
    causation_id=st.none() | _texts,
    traceparent=st.none() | _texts,
    sequence=st.none() | st.integers(min_value=0, max_value=2**63),
)
_LIKE_OURS = {
    "ce-id": "1", "ce-type": "lead.created.v1", "ce-source": "orchestrator", "ce-subject": "lead/1",
    "ce-time": "2026-11-20T10:00:00.000001Z", "ce-specversion": "1.0", "ce-tenantid": "muster",
    "ce-correlationid": "2",
}  # fmt: skip


@given(_envelopes)
def test_the_headers_are_those_of_the_cloudevents_sdk_in_its_order(envelope: Envelope) -> None:
    assert list(envelope.headers().items()) == list(envelope.sdk_headers().items())


@given(_envelopes)
def test_an_envelope_is_read_as_the_cloudevents_sdk_reads_it(envelope: Envelope) -> None:
    headers = envelope.headers()
    assert Envelope.of(headers) == Envelope.sdk_of(headers) == envelope


@pytest.mark.parametrize(
    "change",
    [
        {"ce-time": "2026-11-20T12:00:00+02:00"},
        {"ce-time": "2026-11-20T10:00:00Z"},
        {"ce-dataschema": "urn:a"},
        {"ce-sequence": "not a number"},
        {"ce-sequence": 7},
        {"x-attempt": 2},
    ],
)
def test_what_a_stranger_may_write_is_read_as_by_the_sdk(change: dict[str, object]) -> None:
    headers = {**_LIKE_OURS, **change}
    assert Envelope.of(headers) == Envelope.sdk_of(headers)


@pytest.mark.parametrize(
    "change",
    [
        {"ce-time": "2026-13-20T10:00:00Z"},
        {"ce-time": "yesterday"},
        {"ce-time": "2026-11-20T10:00:00"},
        {"ce-specversion": "0.9"},
        {"ce-id": ""},
        {"ce-subject": ""},
        {"ce-tenantid": "Not A Tenant"},
        {"ce-correlationid": ""},
        {"ce-Not_Allowed": "1"},
    ],
)
def test_what_is_no_envelope_is_refused_with_the_reason(change: dict[str, object]) -> None:
    with pytest.raises(InvalidEnvelope):
        Envelope.of({**_LIKE_OURS, **change})


@pytest.mark.parametrize("name", sorted(_LIKE_OURS))
def test_each_attribute_that_must_be_there_is_missed(name: str) -> None:
    if name == "ce-specversion":  # the SDK takes it for granted, and so do we
        assert Envelope.of({key: value for key, value in _LIKE_OURS.items() if key != name}).id == "1"
        return
    with pytest.raises(InvalidEnvelope):
        Envelope.of({key: value for key, value in _LIKE_OURS.items() if key != name})


def test_a_time_in_another_zone_is_said_in_its_own_words() -> None:
    envelope = Envelope(
        "1", "a.b.v1", "c", "d/1", datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))), "muster", "2"
    )
    assert envelope.headers() == envelope.sdk_headers()

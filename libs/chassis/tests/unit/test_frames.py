"""The frames that the chassis writes itself are byte for byte pamqp's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pamqp import commands, frame
from pamqp.body import ContentBody
from pamqp.header import ContentHeader

from chassis.frames import Outgoing, acknowledged, published

TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
MESSAGES = st.builds(
    Outgoing,
    exchange=st.sampled_from(["", "frontdesk.events"]),
    routing_key=st.sampled_from(["document.received.v1", "ocr.timer.reading_due"]),
    headers=st.dictionaries(
        st.text("abc-äß", min_size=1, max_size=20),
        TEXT | st.integers(-(2**31), 2**31),
        min_size=1,
        max_size=12,
    ),
    body=st.binary(max_size=300),
    message_id=st.text(st.characters(codec="utf-8"), min_size=1, max_size=60),
)


@given(MESSAGES, st.integers(1, 2000), st.integers(1, 128))
def test_a_message_is_published_in_the_frames_of_the_library(
    message: Outgoing, channel: int, content_size: int
) -> None:
    properties = commands.Basic.Properties(
        content_type="application/json",
        headers=dict(message.headers),
        delivery_mode=2,
        message_id=message.message_id,
    )
    publish = commands.Basic.Publish(
        exchange=message.exchange, routing_key=message.routing_key, mandatory=True
    )
    body = message.body
    expected = [publish, ContentHeader(body_size=len(body), properties=properties)]
    expected += [
        ContentBody(body[start : start + content_size]) for start in range(0, len(body), content_size)
    ]

    assert published(message, channel=channel, content_size=content_size) == b"".join(
        frame.marshal(one, channel) for one in expected
    )


@given(st.integers(1, 2**63 - 1), st.integers(1, 2000))
def test_a_delivery_is_acknowledged_in_the_frame_of_the_library(tag: int, channel: int) -> None:
    assert acknowledged(tag, channel=channel) == frame.marshal(commands.Basic.Ack(delivery_tag=tag), channel)


def test_a_message_id_that_no_frame_can_hold_is_refused() -> None:
    message = Outgoing("", "ocr.document.received.v1", {}, b"{}", "x" * 256)

    with pytest.raises(ValueError, match="255"):
        published(message, channel=1, content_size=100)

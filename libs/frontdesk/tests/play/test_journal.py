"""The journal as the command line reads it."""

from datetime import UTC, datetime

import httpx
from pydantic import JsonValue

from frontdesk.play.journal import Journal


async def test_a_story_that_fills_more_than_a_page_is_read_to_its_end() -> None:
    positions = list(range(1, 6))

    def reporting(request: httpx.Request) -> httpx.Response:
        after = int(request.url.params["after"])
        page = [entry(position) for position in positions if position > after][:2]
        return httpx.Response(200, json={"entries": page})

    async with httpx.AsyncClient(
        transport=httpx.MockTransport(reporting), base_url="http://reporting.test"
    ) as http:
        story = await Journal(http, "muster").story("lead/1")

    assert [one.position for one in story] == positions


def entry(position: int) -> dict[str, JsonValue]:
    return {
        "position": position, "message_id": str(position), "type": "lead.created.v1", "source": "orchestrator",
        "subject": "lead/1", "said_at": datetime.now(UTC).isoformat(), "correlation_id": "1", "causation_id": None,
        "traceparent": None, "body": {},
    }  # fmt: skip

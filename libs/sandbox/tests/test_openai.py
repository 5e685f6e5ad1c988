"""OpenAI's real SDK against the sandbox."""

import math
from typing import Literal

import openai
import pytest
from pydantic import BaseModel, ConfigDict, Field


class Entity(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    value: str


class ReplyProposal(BaseModel):
    model_config = ConfigDict(extra="forbid")
    language: Literal["de", "en"]
    intent: Literal[
        "viewing",
        "price",
        "availability",
        "documents",
        "appointment",
        "application",
        "complaint",
        "general",
        "other",
    ]
    sentiment: Literal["positive", "neutral", "negative"]
    confidence: float = Field(ge=0, le=1)
    entities: list[Entity]
    reply: str
    facts_used: list[str]


PROMPT = """## TODAY
2026-11-20, Friday, Europe/Berlin
## PERSON
Anna Müller
## OBJECT
WHG-1042, 3-Zimmer-Wohnung in Lindau
## LETTERS
--- letter 1, 2026-11-20T09:00:00Z, subject: Anfrage WHG-1042
Guten Tag,
ich möchte die Wohnung gerne nächsten Dienstag um 15 Uhr besichtigen.
Viele Grüße
Anna Müller
## DOCUMENTS
- gehalt.pdf: income_proof: Einkommensnachweis; net_income=3245.67; currency=EUR
"""


@pytest.fixture
def client(sandbox) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(
        api_key="sk-test-1", base_url=f"{sandbox.base}/openai/v1", max_retries=0, timeout=10
    )


async def test_a_reply_proposal_is_parsed_by_the_real_sdk(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.parse(
        model="gpt-6-luna", instructions="Answer.", input=PROMPT, text_format=ReplyProposal
    )
    proposal = answer.output_parsed
    assert proposal is not None
    assert (proposal.language, proposal.intent) == ("de", "viewing")
    assert "Anna Müller" in proposal.reply
    assert "gehalt.pdf" in proposal.reply
    assert Entity(name="date", value="2026-11-24") in proposal.entities
    assert answer.usage is not None
    assert answer.usage.input_tokens > 50


async def test_a_chat_completion_is_parsed_by_the_real_sdk(client: openai.AsyncOpenAI) -> None:
    answer = await client.chat.completions.parse(
        model="gpt-6-luna", messages=[{"role": "user", "content": PROMPT}], response_format=ReplyProposal
    )
    proposal = answer.choices[0].message.parsed
    assert proposal is not None
    assert proposal.intent == "viewing"


async def test_a_streamed_response_sends_the_documented_events_in_order(client: openai.AsyncOpenAI) -> None:
    stream = await client.responses.create(
        model="gpt-6-luna", input="Is the flat still available?", stream=True
    )
    events = [event async for event in stream]
    kinds = [event.type for event in events]
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert "available" in text
    assert [event.sequence_number for event in events] == list(range(len(events)))


async def test_a_streamed_chat_ends_with_its_usage(client: openai.AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model="gpt-6-luna",
        messages=[{"role": "user", "content": "Was kostet die Wohnung?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert "Preis" in text
    assert chunks[-1].usage is not None


async def test_embeddings_are_unit_vectors_and_similar_texts_are_near(client: openai.AsyncOpenAI) -> None:
    texts = [
        "Wohnung in Lindau besichtigen",
        "Besichtigung der Wohnung in Lindau",
        "invoice for office chairs",
    ]
    answer = await client.embeddings.create(model="text-embedding-3-small", input=texts, dimensions=256)
    first, near, far = (item.embedding for item in answer.data)
    assert len(first) == 256
    assert math.isclose(sum(v * v for v in first), 1.0, rel_tol=1e-5)
    assert _dot(first, near) > _dot(first, far) + 0.2


async def test_embeddings_come_as_floats_when_asked_for(client: openai.AsyncOpenAI) -> None:
    asked = {"model": "text-embedding-3-small", "input": "Wohnung"}
    floats = await client.embeddings.create(**asked, encoding_format="float")
    packed = await client.embeddings.create(**asked)
    assert len(floats.data[0].embedding) == 1536
    assert floats.data[0].embedding == pytest.approx(packed.data[0].embedding, abs=1e-6)


async def test_a_revoked_key_is_refused(sandbox, client: openai.AsyncOpenAI) -> None:
    await sandbox.seed(openai={"revoked_keys": ["sk-test-1"]})
    with pytest.raises(openai.AuthenticationError) as refused:
        await client.models.list()
    assert refused.value.code == "invalid_api_key"


async def test_models_are_listed(client: openai.AsyncOpenAI) -> None:
    assert "gpt-6-luna" in [model.id async for model in client.models.list()]


async def test_a_schema_that_is_not_strict_enough_is_refused(client: openai.AsyncOpenAI) -> None:
    schema: dict[str, object] = {"type": "object", "properties": {"a": {"type": "string"}}}
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(
            model="gpt-6-luna",
            input="hi",
            text={"format": {"type": "json_schema", "name": "P", "strict": True, "schema": schema}},
        )
    assert refused.value.code == "invalid_json_schema"


async def test_an_answer_cut_at_its_token_limit_says_so(client: openai.AsyncOpenAI) -> None:
    answer = await client.responses.create(model="gpt-6-luna", input=PROMPT, max_output_tokens=16)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"


async def test_no_quota_left_is_a_permanent_429(sandbox, client: openai.AsyncOpenAI) -> None:
    await sandbox.seed(openai={"keys_without_quota": ["sk-test-1"]})
    with pytest.raises(openai.RateLimitError) as refused:
        await client.responses.create(model="gpt-6-luna", input="hi")
    assert refused.value.code == "insufficient_quota"


def _dot(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))

"""Gemini's real SDK against the sandbox."""

import math
from typing import Literal

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel


class Verdict(BaseModel):
    language: Literal["de", "en"]
    price: float
    note: str | None


class Item(BaseModel):
    name: str
    value: str
    page: int
    snippet: str


class DocumentAnalysis(BaseModel):
    category: Literal["identity_document", "income_proof", "invoice", "order", "contract", "enquiry", "other"]
    language: Literal["de", "en", "other"]
    summary: str
    confidence: float
    fields: list[Item]


PAYSLIP = """## FILENAME
scan.pdf
## PAGE 1
Gehaltsabrechnung Oktober 2026
Arbeitnehmer: Anna Müller
Bruttolohn 4.512,30 EUR
Nettolohn 3.245,67 EUR
"""


@pytest.fixture(params=["v1", "v1beta"])
def client(sandbox, request) -> genai.Client:
    options = types.HttpOptions(base_url=f"{sandbox.base}/gemini", api_version=request.param, timeout=10_000)
    return genai.Client(api_key="g-key-1", http_options=options)


async def test_a_pydantic_schema_is_filled_from_the_document(client: genai.Client) -> None:
    config = types.GenerateContentConfig(
        system_instruction="Analyse.", response_mime_type="application/json", response_schema=DocumentAnalysis
    )
    answer = await client.aio.models.generate_content(
        model="gemini-3.8-flash", contents=PAYSLIP, config=config
    )
    analysis = answer.parsed
    assert isinstance(analysis, DocumentAnalysis)
    assert analysis.category == "income_proof"
    assert {field.name: field.value for field in analysis.fields}["net_income"] == "3245.67"
    assert answer.usage_metadata is not None
    assert (answer.usage_metadata.prompt_token_count or 0) > 20


async def test_a_plain_json_schema_is_filled_too(client: genai.Client) -> None:
    config = types.GenerateContentConfig(
        response_mime_type="application/json", response_json_schema=Verdict.model_json_schema()
    )
    answer = await client.aio.models.generate_content(
        model="gemini-3.8-flash", contents="What is the rent? It was 1,250.50 € last year.", config=config
    )
    verdict = Verdict.model_validate_json(answer.text or "")
    assert (verdict.language, verdict.price) == ("en", 1250.5)


async def test_a_stream_brings_the_text_in_pieces(client: genai.Client) -> None:
    stream = await client.aio.models.generate_content_stream(
        model="gemini-3.8-flash", contents="Guten Tag, wann kann ich die Wohnung besichtigen?"
    )
    chunks = [chunk async for chunk in stream]
    assert len(chunks) > 2
    assert "besichtigen" in "".join(chunk.text or "" for chunk in chunks)


async def test_embeddings_have_the_dimensions_asked_for(client: genai.Client) -> None:
    answer = await client.aio.models.embed_content(
        model="gemini-embedding-001",
        contents=["Wohnung in Lindau", "Haus in Kempten"],
        config=types.EmbedContentConfig(output_dimensionality=768),
    )
    assert answer.embeddings is not None
    vectors = [embedding.values or [] for embedding in answer.embeddings]
    assert [len(vector) for vector in vectors] == [768, 768]
    assert math.isclose(sum(v * v for v in vectors[0]), 1.0, rel_tol=1e-6)


async def test_a_single_embedding_has_its_own_call(sandbox) -> None:
    answer = await sandbox.http.post(
        "/gemini/v1beta/models/gemini-embedding-001:embedContent",
        json={"content": {"parts": [{"text": "Wohnung"}]}, "output_dimensionality": 64},
        headers={"x-goog-api-key": "g-key-1"},
    )
    assert len(answer.json()["embedding"]["values"]) == 64


async def test_a_revoked_key_is_refused_as_google_does(sandbox, client: genai.Client) -> None:
    await sandbox.seed(gemini={"revoked_keys": ["g-key-1"]})
    with pytest.raises(errors.ClientError) as refused:
        await client.aio.models.generate_content(model="gemini-3.8-flash", contents="hi")
    assert (refused.value.code, refused.value.status) == (400, "INVALID_ARGUMENT")


async def test_a_rate_limit_names_its_delay(sandbox, client: genai.Client) -> None:
    await sandbox.fault(vendor="gemini", kind="429", retry_after=30)
    with pytest.raises(errors.ClientError) as limited:
        await client.aio.models.generate_content(model="gemini-3.8-flash", contents="hi")
    assert limited.value.status == "RESOURCE_EXHAUSTED"
    assert limited.value.details["error"]["details"][0]["retryDelay"] == "30s"

"""One behaviour for every language model: the conformance suite of the port, over real HTTP."""

import math
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from chassis.errors import NeedsTenant
from llm import EMBEDDING_DIMENSIONS, LanguageModel, LanguageModelSettings, Price, Prompt, language_model
from vendorkit import (
    VendorAuthExpired,
    VendorContractBroken,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)

KEY = "a-key-of-the-tests-0123456789"
PRICES = {"openai": "gpt-6-luna", "gemini": "gemini-3.5-flash"}
LETTER = Prompt(
    instructions="Answer the letters of the turn in one reply, in the sender's language.",
    text="## TODAY\n2026-11-20, Friday, Europe/Vienna\n## COMPANY\nHaus & Hof GmbH\n## PERSON\nJörg Müller\n## OBJECT\nA-17 Dachwohnung\n"
    "## LETTERS\n--- letter 1, 2026-11-20T09:00:00Z, subject: Besichtigung\nGuten Tag, kann ich die Wohnung A-17 am "
    "nächsten Dienstag besichtigen? Mit freundlichen Grüßen Jörg Müller\n## DOCUMENTS\n## HISTORY\n## TURN\n1\n",
)

Open = Callable[..., LanguageModel]


class Entity(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    value: str


class ReplyProposal(BaseModel):
    """The form that conversation asks for."""

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


@pytest.fixture(params=["openai", "gemini"])
def provider(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
async def opened(sandbox, provider: str) -> AsyncIterator[Open]:
    """Opens the model of the provider at the simulated vendor, which forgets everything first."""
    await sandbox.reset()
    models: list[LanguageModel] = []

    def open_model(**changes: object) -> LanguageModel:
        usual = {
            "provider": provider,
            "base_url": sandbox.address(provider),
            "api_key": KEY,
            "timeout_s": 5,
            "time_limit_s": 10,
        }
        models.append(language_model(LanguageModelSettings.model_validate(usual | changes)))
        return models[-1]

    yield open_model
    for model in models:
        await model.aclose()


async def asked(sandbox, provider: str) -> int:
    return len(await sandbox.seen(provider))


async def test_a_letter_is_answered_in_the_form_that_was_asked_for(opened: Open, provider: str) -> None:
    answer = await opened().generate(LETTER, ReplyProposal)
    assert answer.value.language == "de"
    assert answer.value.intent == "viewing"
    assert "Müller" in answer.value.reply
    assert answer.provider == provider
    assert answer.model.startswith(PRICES[provider])
    assert not answer.offline


async def test_tokens_are_counted_and_priced_by_the_table(opened: Open, provider: str) -> None:
    price = Price(input=Decimal(2), output=Decimal(8), currency="EUR")
    answer = await opened(prices={PRICES[provider]: price}).generate(LETTER, ReplyProposal)
    assert answer.tokens.input > 20
    assert answer.tokens.output > 20
    assert answer.cost is not None
    assert answer.cost.currency == "EUR"
    assert answer.cost.amount * 1_000_000 == answer.tokens.input * 2 + answer.tokens.output * 8


async def test_a_model_without_a_price_has_an_unknown_cost(opened: Open) -> None:
    assert (await opened().generate(LETTER, ReplyProposal)).cost is None


async def test_text_comes_piece_by_piece_and_is_counted_at_its_end(opened: Open, provider: str) -> None:
    stream = opened().stream(LETTER)
    pieces = [piece async for piece in stream]
    assert len(pieces) > 1
    assert stream.made is not None
    assert stream.made.provider == provider
    assert stream.made.tokens.output > 0


async def test_a_reader_who_has_enough_may_leave_a_stream(opened: Open) -> None:
    stream = opened().stream(LETTER)
    assert await anext(stream)
    await stream.aclose()
    assert [piece async for piece in stream] == []


async def test_texts_become_vectors_of_one_length_in_their_order(opened: Open) -> None:
    texts = [
        "Die Wohnung hat einen Balkon.",
        "The invoice is due in March.",
        "Die Wohnung hat einen großen Balkon.",
    ]
    found = await opened().embed(texts)
    assert [len(vector) for vector in found.vectors] == [EMBEDDING_DIMENSIONS] * 3
    assert all(math.isclose(math.hypot(*vector), 1.0, rel_tol=1e-6) for vector in found.vectors)
    near = dot(found.vectors[0], found.vectors[2])
    assert near > dot(found.vectors[0], found.vectors[1])
    assert found.tokens.input > 0


async def test_more_texts_than_one_request_takes_keep_their_order(opened: Open) -> None:
    texts = [f"Objekt Nummer {number}" for number in range(300)]
    model = opened()
    found = await model.embed(texts)
    assert len(found.vectors) == 300
    single = await model.embed([texts[287]])
    assert dot(found.vectors[287], single.vectors[0]) > 0.999


async def test_nothing_to_embed_costs_no_request(opened: Open, sandbox, provider: str) -> None:
    assert (await opened().embed([])).vectors == ()
    assert await asked(sandbox, provider) == 0


async def test_a_short_rate_limit_is_waited_for(opened: Open, sandbox, provider: str) -> None:
    await sandbox.fault(provider, "429", times=1, retry_after=0.1)
    assert (await opened().generate(LETTER, ReplyProposal)).value.reply
    assert await asked(sandbox, provider) == 2


async def test_a_long_rate_limit_is_left_to_delivery_with_its_time(
    opened: Open, sandbox, provider: str
) -> None:
    await sandbox.fault(provider, "429", times=9, retry_after=60)
    with pytest.raises(VendorRateLimited) as caught:
        await opened().generate(LETTER, ReplyProposal)
    assert caught.value.after == 60
    assert await asked(sandbox, provider) == 1


@pytest.mark.parametrize("kind", ["500", "503", "cut"])
async def test_a_short_disturbance_is_not_noticed(opened: Open, sandbox, provider: str, kind: str) -> None:
    await sandbox.fault(provider, kind, times=2)
    assert (await opened().generate(LETTER, ReplyProposal)).value.reply
    assert await asked(sandbox, provider) == 3


@pytest.mark.parametrize("kind", ["500", "503", "cut"])
async def test_a_lasting_disturbance_is_told_after_three_attempts(
    opened: Open, sandbox, provider: str, kind: str
) -> None:
    await sandbox.fault(provider, kind, times=9)
    with pytest.raises(VendorUnavailable) as caught:
        await opened().generate(LETTER, ReplyProposal)
    assert caught.value.ambiguous is (kind == "cut")
    assert await asked(sandbox, provider) == 3


async def test_the_sdk_itself_never_tries_again(opened: Open, sandbox, provider: str) -> None:
    await sandbox.fault(provider, "500", times=9)
    model = opened(retries=0)
    with pytest.raises(VendorUnavailable):
        await model.generate(LETTER, ReplyProposal)
    with pytest.raises(VendorUnavailable):
        await model.embed(["Balkon"])
    with pytest.raises(VendorUnavailable):
        await anext(model.stream(LETTER))
    assert await asked(sandbox, provider) == 3


async def test_a_hanging_vendor_is_given_up_in_time(opened: Open, sandbox, provider: str) -> None:
    await sandbox.fault(provider, "hang", times=9)
    model = opened(timeout_s=0.3, time_limit_s=0.8)
    with pytest.raises(VendorUnavailable) as caught:
        await model.generate(LETTER, ReplyProposal)
    assert caught.value.ambiguous
    with pytest.raises(VendorUnavailable):
        await anext(model.stream(LETTER))
    with pytest.raises(VendorUnavailable):
        await model.embed(["Balkon"])


async def test_an_answer_that_is_not_json_is_told_to_us(opened: Open, sandbox, provider: str) -> None:
    model = opened()
    await sandbox.fault(provider, "malformed", times=9)
    with pytest.raises(VendorContractBroken):
        await model.generate(LETTER, ReplyProposal)
    with pytest.raises(VendorContractBroken):
        await model.embed(["Balkon"])
    with pytest.raises((VendorContractBroken, VendorUnavailable)):
        _ = [piece async for piece in model.stream(LETTER)]


async def test_an_answer_that_was_cut_off_is_no_answer(opened: Open) -> None:
    with pytest.raises(VendorContractBroken, match="cut"):
        await opened(max_output_tokens=16).generate(LETTER, ReplyProposal)


async def test_a_revoked_key_is_asked_of_the_tenant_and_never_shown(
    opened: Open, sandbox, provider: str
) -> None:
    await sandbox.seed(provider, revoked_keys=[KEY])
    with pytest.raises(VendorAuthExpired) as caught:
        await opened(credential="our_model_key").generate(LETTER, ReplyProposal)
    assert isinstance(caught.value, NeedsTenant)
    assert caught.value.credential == "our_model_key"
    assert KEY not in str(caught.value)


async def test_a_model_that_does_not_exist_is_refused_at_once(opened: Open, sandbox, provider: str) -> None:
    await sandbox.seed(provider, missing_models=["nobody-1"])
    with pytest.raises(VendorRejected, match="nobody-1"):
        await opened(model="nobody-1").generate(LETTER, ReplyProposal)
    assert await asked(sandbox, provider) == 1


async def test_a_vendor_that_is_not_there_was_never_asked(opened: Open) -> None:
    with pytest.raises(VendorUnavailable) as caught:
        await opened(base_url="http://127.0.0.1:9").generate(LETTER, ReplyProposal)
    assert not caught.value.ambiguous


async def test_an_answer_without_end_is_not_read_to_its_end(opened: Open) -> None:
    with pytest.raises(VendorContractBroken, match="more than 2000 bytes"):
        await opened(response_bytes=2000).embed(["Balkon"] * 10)


def dot(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))

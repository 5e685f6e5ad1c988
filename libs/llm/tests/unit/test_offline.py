"""The fall-back that says that it is one."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from llm import (
    EMBEDDING_DIMENSIONS,
    LanguageModelSettings,
    NoOfflineRule,
    Offline,
    Prompt,
    language_model,
)
from llm.offline import hashed

PROMPT = Prompt("Answer.", "Guten Tag!")


class Reply(BaseModel):
    text: str


class Other(BaseModel):
    text: str


def rules() -> Offline:
    return Offline().knows(Reply, lambda prompt: Reply(text=f"Danke für: {prompt.text}"))


async def test_without_a_provider_the_rules_answer_and_say_so() -> None:
    model = language_model(LanguageModelSettings(), offline=rules())
    answer = await model.generate(PROMPT, Reply)
    assert answer.value.text == "Danke für: Guten Tag!"
    assert answer.offline
    assert answer.provider == "offline"
    assert answer.tokens.total == 0


async def test_what_has_no_rule_is_not_made_up() -> None:
    with pytest.raises(NoOfflineRule, match="Other"):
        await rules().generate(PROMPT, Other)


async def test_the_offline_text_says_in_both_languages_that_no_model_wrote_it() -> None:
    stream = Offline().stream(PROMPT)
    text = "".join([piece async for piece in stream])
    assert "ohne Sprachmodell" in text
    assert "without a language model" in text
    assert stream.made is not None
    assert stream.made.offline


@given(st.text(max_size=200))
def test_every_text_has_a_direction_of_unit_length(text: str) -> None:
    vector = hashed(text)
    assert len(vector) == EMBEDDING_DIMENSIONS
    assert math.isclose(math.hypot(*vector), 1.0, rel_tol=1e-9)


def test_related_words_are_near_and_umlauts_may_be_written_out() -> None:
    flat = hashed("Besichtigung der Dachgeschosswohnung in der Müllerstraße")
    assert dot(flat, hashed("Besichtigungen von Dachgeschosswohnungen, Muellerstrasse")) > 0.5
    assert dot(flat, hashed("The invoice for March is overdue")) < 0.2


def test_a_text_has_the_same_vector_in_every_process() -> None:
    code = "from llm.offline import hashed; print(sum(i * v for i, v in enumerate(hashed('Wohnung am See'))))"
    found = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    here = sum(i * v for i, v in enumerate(hashed("Wohnung am See")))
    assert found == {f"{here}\n"}


def dot(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    return math.fsum(a * b for a, b in zip(one, other, strict=True))

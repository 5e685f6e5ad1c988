"""Has a language model analyse a document, within the tenant's budget."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from chassis.errors import RetryLater
from llm import Budget, BudgetRefused, Generated, LanguageModel, NoOfflineRule, Prompt, WithinBudget
from ocr.application.ports import AnalystFailed
from ocr.domain.analysis import FIELDS, Analysis, Category, FoundField, Language, Price
from ocr.domain.document import Page
from ocr.domain.normal import normal
from vendorkit import VendorError, VendorRateLimited, VendorUnavailable

_MOST_CHARACTERS = 120_000
_MOST_OF_A_PAGE = 20_000
_MOST_FIELDS = 60
_SHORTENED = "[… shortened …]"


class AnalystBusy(AnalystFailed, RetryLater):
    """The model's vendor does not answer now; delivery may wait for it."""

    passing = True

    def __init__(self, message: str, *, after: float | None) -> None:
        RetryLater.__init__(self, message, after=after)


class DocumentField(BaseModel):
    """A value, and the line it was read from."""

    model_config = ConfigDict(extra="forbid")

    name: str
    value: str
    page: int = Field(ge=1)
    snippet: str


class DocumentAnalysis(BaseModel):
    """The answer that the model is asked for."""

    model_config = ConfigDict(extra="forbid")

    category: Category
    language: Language
    summary: str
    confidence: float = Field(ge=0, le=1)
    fields: list[DocumentField]


class ModelAnalyst:
    """The analyst over the language model port."""

    def __init__(self, model: LanguageModel, budget: Budget) -> None:
        self._model = model
        self._budget = budget
        self._instructions = files("ocr").joinpath("adapters/prompts/analyze_document.md").read_text("utf-8")

    async def analyze(self, tenant_id: str, filename: str, pages: Sequence[Page]) -> Analysis:
        """What the model makes of the text. Raises `AnalystFailed`."""
        model = WithinBudget(self._model, self._budget, tenant_id)
        try:
            answer = await model.generate(
                Prompt(self._instructions, sections(filename, pages)), DocumentAnalysis
            )
        except (VendorUnavailable, VendorRateLimited) as error:
            raise AnalystBusy(str(error), after=error.after) from error
        except (VendorError, BudgetRefused, NoOfflineRule) as error:
            raise AnalystFailed(str(error)) from error
        return _analysis(answer)


def sections(filename: str, pages: Sequence[Page]) -> str:
    """The document as the prompt promises it; long ones are shortened in the middle and say so."""
    kept = _that_fit(pages)
    parts = [f"## FILENAME\n{_tamed(' '.join(filename.split()))}"]
    for before, page in zip([None, *kept], kept, strict=False):
        if before is not None and page.number != before.number + 1:
            parts.append(_SHORTENED)
        parts.append(f"## PAGE {page.number}\n{_tamed(page.text)}")
    return "\n\n".join(parts)


def _that_fit(pages: Sequence[Page]) -> list[Page]:
    """From the front as many as there is room for, and always the last: that is where sums and signatures stand."""
    short = [Page(page.number, _shortened(page.text)) for page in pages]
    room = _MOST_CHARACTERS - len(short[-1].text)
    kept: list[Page] = []
    for page in short[:-1]:
        room -= len(page.text)
        if room < 0:
            break
        kept.append(page)
    return [*kept, short[-1]]


def _shortened(text: str) -> str:
    if len(text) <= _MOST_OF_A_PAGE:
        return text
    half = _MOST_OF_A_PAGE // 2
    return f"{text[:half]}\n{_SHORTENED}\n{text[-half:]}"


def _tamed(text: str) -> str:
    """A document's own lines must not look like our sections."""
    return re.sub(r"^(\s*)##", "\\1#\u200b#", text, flags=re.MULTILINE)


def _analysis(answer: Generated[DocumentAnalysis]) -> Analysis:
    value = answer.value
    kinds = FIELDS[value.category]
    return Analysis(
        category=value.category,
        language=value.language,
        summary=" ".join(value.summary.split()),
        confidence=value.confidence,
        fields=tuple(
            FoundField(
                field.name,
                normal(field.value, kinds.get(field.name, "words")),
                field.page,
                field.snippet.strip(),
            )
            for field in value.fields[:_MOST_FIELDS]
        ),
        model=answer.model,
        offline=answer.offline,
        cost=Price(answer.cost.amount, answer.cost.currency) if answer.cost else None,
        tokens=(answer.tokens.input, answer.tokens.output),
    )

"""The analyst over both vendors' real SDKs, against the simulated vendors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal

import pytest
from pydantic import SecretStr

from frontdesk.story.payslip import printed_payslip
from frontdesk.story.person import Story, draw_story
from llm import Budget, LanguageModelSettings, Price, language_model
from ocr.adapters.model import ModelAnalyst
from ocr.adapters.reader import ConfinedReader
from ocr.application.ports import AnalystFailed
from ocr.domain.document import Page, Reading
from ocr.domain.evidence import verified
from ocr.domain.limits import Limits
from testkit.sandbox import Sandbox

INVOICE = Page(
    1, "INVOICE\nInvoice number: INV-7\nInvoice date: 14 October 2026\nTotal amount due: GBP 1,440.00"
)


def settings(sandbox: Sandbox, provider: str) -> LanguageModelSettings:
    base = LanguageModelSettings(
        provider=provider,
        api_key=SecretStr("key"),
        base_url=sandbox.address(provider),
        retries=0,  # pyright: ignore[reportArgumentType]
    )
    return base.model_copy(update={"prices": {base.writer: Price(input=Decimal(2), output=Decimal(8))}})


@pytest.fixture(params=["openai", "gemini"])
async def vendor(request: pytest.FixtureRequest, sandbox: Sandbox) -> AsyncIterator[tuple[str, Sandbox]]:
    await sandbox.clear_faults()
    yield request.param, sandbox
    await sandbox.clear_faults()


def analyst(vendor: tuple[str, Sandbox], budget: Budget | None = None) -> ModelAnalyst:
    name, sandbox = vendor
    return ModelAnalyst(language_model(settings(sandbox, name)), budget or Budget())


async def test_a_payslip_is_analysed_with_evidence_that_the_text_bears_out(
    vendor: tuple[str, Sandbox],
) -> None:
    story: Story = draw_story(5, date(2026, 11, 20))
    reading = await ConfinedReader(Limits()).read(printed_payslip(story))
    assert isinstance(reading, Reading)
    found = await analyst(vendor).analyze("acme", "scan.pdf", reading.pages)
    assert (found.category, found.language, found.offline) == ("income_proof", "de", False)
    believed = {field.name: field.value for field in verified(found, reading.pages).fields}
    assert believed["employee_name"] == story.name
    assert believed["employer"] == story.income.employer
    assert believed["period"] == f"{story.income.period:%Y-%m}"
    assert believed["gross_income"] == f"{story.income.gross:.2f}"
    assert believed["net_income"] == f"{story.income.net:.2f}"


async def test_an_analysis_knows_its_model_and_its_cost(vendor: tuple[str, Sandbox]) -> None:
    found = await analyst(vendor).analyze("acme", "invoice.pdf", [INVOICE])
    assert found.category == "invoice"
    assert found.model
    assert found.cost is not None
    assert found.cost.amount > 0
    assert found.cost.currency == "USD"


@pytest.mark.parametrize(
    ("kind", "passing"), [("500", True), ("429", True), ("cut", True), ("malformed", False)]
)
async def test_a_model_that_fails_says_whether_waiting_helps(
    vendor: tuple[str, Sandbox], kind: str, passing: bool
) -> None:
    name, sandbox = vendor
    await sandbox.fault(name, kind, times=5)
    with pytest.raises(AnalystFailed) as failure:
        await analyst(vendor).analyze("acme", "invoice.pdf", [INVOICE])
    assert failure.value.passing == passing


async def test_a_tenant_whose_budget_is_spent_asks_no_model(vendor: tuple[str, Sandbox]) -> None:
    name, sandbox = vendor
    budget = Budget(daily_tokens=1)
    budget.spend("acme", None, 5)
    before = len(await sandbox.seen(name))
    with pytest.raises(AnalystFailed) as failure:
        await analyst(vendor, budget).analyze("acme", "invoice.pdf", [INVOICE])
    assert not failure.value.passing
    assert len(await sandbox.seen(name)) == before


async def test_without_a_provider_no_model_is_asked() -> None:
    offline = ModelAnalyst(language_model(LanguageModelSettings()), Budget())
    with pytest.raises(AnalystFailed):
        await offline.analyze("acme", "invoice.pdf", [INVOICE])

"""Has a language model write the proposal, within the tenant's budget."""

from datetime import datetime
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from chassis.errors import RetryLater
from contracts.conversations.v1 import DraftReply
from conversation.adapters.sections import sections
from conversation.application.ports import ModelFailed
from conversation.domain.language import Language
from conversation.domain.proposal import Author, Entity, Intent, Proposal, Sentiment
from llm import Budget, BudgetRefused, Generated, LanguageModel, NoOfflineRule, Prompt, WithinBudget
from vendorkit import VendorError, VendorRateLimited, VendorUnavailable


class ModelBusy(ModelFailed, RetryLater):
    """The model's vendor does not answer now; delivery may wait for it."""

    passing = True

    def __init__(self, message: str, *, after: float | None) -> None:
        RetryLater.__init__(self, message, after=after)


class NamedEntity(BaseModel):
    """Something named in the letters."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(description="What it is, in snake_case: object_reference, date, time, amount, phone.")
    value: str = Field(description="Normal form: ISO date, plain decimal with a point, or text.")


class ReplyProposal(BaseModel):
    """The answer that the model is asked for."""

    model_config = ConfigDict(extra="forbid")

    language: Language
    intent: Intent
    sentiment: Sentiment
    confidence: float = Field(ge=0, le=1)
    entities: list[NamedEntity]
    reply: str
    facts_used: list[str]


class ModelWriter:
    """The writer over the language model port."""

    def __init__(self, model: LanguageModel, budget: Budget) -> None:
        self._model = model
        self._budget = budget
        self._instructions = (
            files("conversation").joinpath("adapters/prompts/draft_reply.md").read_text("utf-8")
        )

    async def write(self, enquiry: DraftReply, *, tenant_id: str, now: datetime) -> Proposal:
        """What the model proposes. Raises `ModelFailed`."""
        model = WithinBudget(self._model, self._budget, tenant_id)
        prompt = Prompt(self._instructions, sections(enquiry, now=now))
        try:
            return _proposal(await model.generate(prompt, ReplyProposal))
        except (VendorUnavailable, VendorRateLimited) as error:
            raise ModelBusy(str(error), after=error.after) from error
        except (VendorError, BudgetRefused, NoOfflineRule) as error:
            raise ModelFailed(str(error)) from error


def _proposal(generated: Generated[ReplyProposal]) -> Proposal:
    value, cost = generated.value, generated.cost
    return Proposal(
        language=value.language,
        intent=value.intent,
        sentiment=value.sentiment,
        confidence=value.confidence,
        entities=tuple(Entity(entity.name, entity.value) for entity in value.entities),
        reply=value.reply.strip(),
        facts_used=tuple(value.facts_used),
        author=Author(
            model=generated.model,
            offline=generated.offline,
            cost=cost.amount if cost else None,
            currency=cost.currency if cost else None,
            input_tokens=generated.tokens.input,
            output_tokens=generated.tokens.output,
        ),
    )

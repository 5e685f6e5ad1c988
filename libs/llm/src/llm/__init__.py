"""One port to language models: write to a schema, write text, embed; with tokens, cost and limits.

`language_model(settings)` gives OpenAI, Gemini or the offline rules behind the same Protocol, with our one retry
layer, the limits of a call and a circuit breaker around it. `WithinBudget` adds a tenant's budget.
Prompts and schemas belong to the services that ask; nothing here knows what is being written.
"""

from llm.budget import Budget, BudgetExhausted, BudgetRefused, CallTooLarge, WithinBudget
from llm.factory import language_model
from llm.offline import NoOfflineRule, Offline
from llm.port import (
    EMBEDDING_DIMENSIONS,
    Cost,
    Embedded,
    Generated,
    LanguageModel,
    Made,
    Prompt,
    TextStream,
    Tokens,
)
from llm.settings import LanguageModelSettings, Price

__all__ = [
    "EMBEDDING_DIMENSIONS",
    "Budget",
    "BudgetExhausted",
    "BudgetRefused",
    "CallTooLarge",
    "Cost",
    "Embedded",
    "Generated",
    "LanguageModel",
    "LanguageModelSettings",
    "Made",
    "NoOfflineRule",
    "Offline",
    "Price",
    "Prompt",
    "TextStream",
    "Tokens",
    "WithinBudget",
    "language_model",
]

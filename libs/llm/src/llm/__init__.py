"""One port to language models: write to a schema, write text, embed; with tokens, cost and limits.

`language_model(settings)` gives OpenAI, Gemini or the offline rules behind the same Protocol, with our one retry
layer and the limits of a call around it. `WithinBudget` adds a tenant's budget, `WithFallback` the offline rules.
Prompts and schemas belong to the services that ask; nothing here knows what is being written.
"""

from llm.budget import Budget, BudgetExhausted, BudgetRefused, CallTooLarge, WithinBudget
from llm.factory import language_model
from llm.fallback import WithFallback
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
    "WithFallback",
    "WithinBudget",
    "language_model",
]

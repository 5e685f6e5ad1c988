"""Chooses the model by settings."""

from llm.bounded import Bounded
from llm.breaker import Breaker
from llm.offline import Offline
from llm.port import LanguageModel
from llm.settings import LanguageModelSettings


def language_model(settings: LanguageModelSettings, *, offline: Offline | None = None) -> LanguageModel:
    """The model that the settings name, within the limits of a call; `offline` brings the caller's offline rules."""
    # Each SDK takes a second or more to import, and a process needs one of them at most.
    match settings.provider:
        case "openai":
            from llm.adapters.openai import OpenAI

            return Breaker(Bounded(OpenAI(settings), settings), settings)
        case "gemini":
            from llm.adapters.gemini import Gemini

            return Breaker(Bounded(Gemini(settings), settings), settings)
        case "offline":
            return offline or Offline()

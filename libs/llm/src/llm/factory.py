"""Chooses the model by settings."""

from llm.adapters.gemini import Gemini
from llm.adapters.openai import OpenAI
from llm.bounded import Bounded
from llm.offline import Offline
from llm.port import LanguageModel
from llm.settings import LanguageModelSettings


def language_model(settings: LanguageModelSettings, *, offline: Offline | None = None) -> LanguageModel:
    """The model that the settings name, within the limits of a call; `offline` brings the caller's offline rules."""
    match settings.provider:
        case "openai":
            return Bounded(OpenAI(settings), settings)
        case "gemini":
            return Bounded(Gemini(settings), settings)
        case "offline":
            return offline or Offline()

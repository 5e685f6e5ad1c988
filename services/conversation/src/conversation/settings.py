"""Conversation's settings."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

import chassis
from llm import LanguageModelSettings


class Settings(chassis.Settings):
    """Read from the environment; the model's settings as `CONVERSATION_MODEL__PROVIDER` and so on."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    default_port: ClassVar[int] = 8003

    model: LanguageModelSettings = Field(
        default_factory=LanguageModelSettings,
        validation_alias="CONVERSATION_MODEL",
        description="Which model writes, at what price, within which limits.",
    )
    patience: int = Field(
        default=2,
        ge=0,
        validation_alias="CONVERSATION_PATIENCE",
        description="Attempts that wait for a model that does not answer; then the template is drafted.",
    )

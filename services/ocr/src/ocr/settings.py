"""Ocr's settings, read from the environment."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field
from pydantic_settings import SettingsConfigDict

import chassis
from llm import LanguageModelSettings
from ocr.domain.limits import Limits

_MIB = 1024 * 1024
_DEFAULT = Limits()


class Settings(chassis.Settings):
    """The chassis's settings, and ocr's own; the model's as `OCR_MODEL__PROVIDER` and so on."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    default_port: ClassVar[int] = 8007

    model: LanguageModelSettings = Field(
        default_factory=LanguageModelSettings,
        validation_alias="OCR_MODEL",
        description="Which model analyses, at what price, within which limits.",
    )
    patience: int = Field(
        default=1,
        ge=0,
        validation_alias="OCR_PATIENCE",
        description="Attempts that wait for a model that does not answer; then the rules analyse.",
    )
    at_a_time: int = Field(
        default=2,
        ge=1,
        le=32,
        validation_alias="OCR_AT_A_TIME",
        description="Documents read at the same time.",
    )
    max_mib: int = Field(
        default=_DEFAULT.file_bytes // _MIB,
        ge=1,
        validation_alias="OCR_MAX_MIB",
        description="The largest file.",
    )
    max_pages: int = Field(
        default=_DEFAULT.pages,
        ge=1,
        validation_alias="OCR_MAX_PAGES",
        description="The most pages of a document.",
    )
    max_scanned_pages: int = Field(
        default=_DEFAULT.scanned_pages,
        ge=1,
        validation_alias="OCR_MAX_SCANNED_PAGES",
        description="The most pages of a document that have to be recognised from a picture.",
    )
    max_megapixels: int = Field(
        default=_DEFAULT.pixels // 1_000_000,
        ge=1,
        validation_alias="OCR_MAX_MEGAPIXELS",
        description="The largest picture, in million pixels.",
    )
    seconds: float = Field(
        default=_DEFAULT.seconds,
        gt=0,
        validation_alias="OCR_SECONDS",
        description="The longest reading of a document.",
    )
    cpu_seconds: int = Field(
        default=_DEFAULT.cpu_seconds,
        ge=1,
        validation_alias="OCR_CPU_SECONDS",
        description="The most processor time of the reading process, and of each Tesseract that it starts.",
    )
    memory_mib: int = Field(
        default=_DEFAULT.memory_bytes // _MIB,
        ge=256,
        validation_alias="OCR_MEMORY_MIB",
        description="The most memory (address space) of each of these processes.",
    )

    @property
    def limits(self) -> Limits:
        """The limits of one document."""
        return Limits(
            file_bytes=self.max_mib * _MIB,
            pages=self.max_pages,
            scanned_pages=self.max_scanned_pages,
            pixels=self.max_megapixels * 1_000_000,
            seconds=self.seconds,
            cpu_seconds=self.cpu_seconds,
            memory_bytes=self.memory_mib * _MIB,
        )

"""The schema that both vendors get, and the settings that name them."""

from typing import Literal

import pytest
from pydantic import BaseModel, Field, ValidationError

from llm import LanguageModelSettings
from llm.schema import read, strict_schema
from vendorkit import VendorContractBroken


class Inner(BaseModel):
    title: str = ""
    page: int = Field(ge=1, description="The page.")


class Outer(BaseModel):
    kind: Literal["a", "b"] = "a"
    first: Inner = Field(description="The first.")
    others: list[Inner] = []
    note: str | None = None


class Endless(BaseModel):
    next: "Endless | None" = None


def test_every_field_is_required_and_nothing_else_is_allowed() -> None:
    schema = strict_schema(Outer)
    assert schema["required"] == ["kind", "first", "others", "note"]
    assert schema["additionalProperties"] is False
    inner = schema["properties"]["others"]["items"]
    assert inner["required"] == ["title", "page"]
    assert inner["additionalProperties"] is False
    assert schema["properties"]["first"]["description"] == "The first."
    assert "$ref" not in str(schema)
    assert "default" not in str(schema)


def test_a_field_may_be_called_title() -> None:
    assert set(strict_schema(Inner)["properties"]) == {"title", "page"}


def test_a_schema_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="contains itself"):
        strict_schema(Endless)


def test_a_broken_schema_is_told_by_place_and_never_by_value() -> None:
    with pytest.raises(VendorContractBroken, match=r"first\.page: int_parsing") as caught:
        read(
            '{"kind": "a", "first": {"title": "Anna", "page": "Anna"}, "others": [], "note": null}',
            Outer,
            vendor="v",
        )
    assert "Anna" not in str(caught.value)


def test_a_vendor_without_a_key_is_a_wrong_setting() -> None:
    with pytest.raises(ValidationError, match="needs an api_key"):
        LanguageModelSettings(provider="openai")


def test_a_key_is_not_shown_with_the_settings() -> None:
    settings = LanguageModelSettings.model_validate({"provider": "openai", "api_key": "secret-key"})
    assert "secret-key" not in repr(settings)
    assert settings.writer == "gpt-6-luna"

"""Small values that several messages share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Channel = Literal["email", "whatsapp", "telegram", "sms", "web", "voice"]
Language = Literal["de", "en", "other"]


class Value(BaseModel):
    """A part of a message: immutable, compared by its fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class BlobRef(Value):
    """A claim check: where the bytes are, instead of the bytes (architecture §2, law 6)."""

    key: str = Field(description="Key in the blob store: tenant, then the SHA-256 of the content.")
    size: int = Field(ge=0, description="Length in bytes.")
    media_type: str = Field(description="Media type as far as it is known, such as application/pdf.")


class ContactPoint(Value):
    """One way to reach a person; unique within a tenant, so it also tells who somebody is."""

    kind: Literal["email", "phone", "whatsapp", "telegram", "web"] = Field(description="The medium.")
    value: str = Field(
        min_length=1, description="Normal form: lower-case address, E.164 number, or the medium's id."
    )


class NamedValue(Value):
    """A name and what was found for it."""

    name: str = Field(description="What it is, in snake_case, such as net_income.")
    value: str = Field(
        description="Normal form: ISO date, plain decimal with a point, ISO currency, or text."
    )


class Evidence(Value):
    """A field read from a document, with the place it was read at."""

    name: str = Field(description="The field, in snake_case, such as net_income.")
    value: str = Field(
        description="Normal form: ISO date, plain decimal with a point, ISO currency, or text."
    )
    page: int = Field(ge=1, description="The page, counted from 1.")
    snippet: str = Field(description="The words on that page, verbatim.")


class Cost(Value):
    """What a piece of work cost."""

    amount: str = Field(description="Decimal number as text, such as 0.00231.")
    currency: str = Field(min_length=3, max_length=3, description="ISO 4217 code.")


class Tokens(Value):
    """How many tokens of a language model a piece of work took."""

    input: int = Field(ge=0, description="Tokens read.")
    output: int = Field(ge=0, description="Tokens written.")

"""Leads, version 1."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from contracts.envelope import Event
from contracts.values import Channel, ContactPoint

LeadState = Literal["NEW", "CONTACTED", "CONVERSATION", "BOOKED", "LOST"]


class LeadCreated(Event):
    """A person whom nobody knew enquired."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead.")
    name: str | None = Field(default=None, description="The person's name, when known.")
    contact_points: tuple[ContactPoint, ...] = Field(description="Ways to reach the person.")
    channel: Channel = Field(description="How the first message came.")
    message_id: str = Field(description="The first message.")
    subject: str = Field(default="", description="Its subject.")
    object_reference: str | None = Field(default=None, description="The object asked about.")
    portal: str | None = Field(default=None, description="The portal it came through.")


class LeadStatusChanged(Event):
    """A lead moved on."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead.")
    old: LeadState = Field(description="The state before.")
    new: LeadState = Field(description="The state now.")
    reason: str = Field(description="Why, for people.")


class HandoverRequested(Event):
    """A human must take over: the AI stands back for this turn."""

    aggregate: ClassVar[str] = "lead_id"

    lead_id: str = Field(description="The lead.")
    turn: int = Field(ge=0, description="The turn.")
    reason: str = Field(description="Why, for people.")

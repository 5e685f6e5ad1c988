"""Scaling advice for people: what was advised, why, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from observer.application.advice_ports import AdviceRecords
from observer.entrypoints.http.outages import told


class BothLanguages(BaseModel):
    """The same in German and English."""

    model_config = ConfigDict(from_attributes=True)

    de: str
    en: str


class ModelInputs(BaseModel):
    """What the queueing model was given."""

    model_config = ConfigDict(from_attributes=True)

    rate: float = Field(description="Messages per second.")
    arrival_scv: float = Field(
        description="How unevenly they come: 1 for Poisson, 0 for a clock, more for bursts."
    )
    batch: float = Field(description="How many come at one moment, on average.")
    service_mean: float = Field(description="Seconds of work per message.")
    service_scv: float = Field(description="How much the work varies.")
    servers: int = Field(description="How many were handled at once, in all replicas together.")
    waiting: float = Field(description="What waited, ready and unacknowledged together.")
    observations: int = Field(description="How many messages this rests on.")
    utilisation: float = Field(description="Share of the servers' time that is needed.")
    peak: float = Field(description="The same at the busiest time.")


class AdviceOutcome(BaseModel):
    """What was measured after advice took effect."""

    model_config = ConfigDict(from_attributes=True)

    took_effect_at: datetime
    checked_at: datetime
    p95: float = Field(description="Measured p95, in seconds.")
    error: float = Field(description="The prediction's error, in percent of what was measured.")
    model_error: float | None = Field(
        description="The model's error when given the load that came, in percent."
    )


class AdviceView(BaseModel):
    """One piece of advice."""

    model_config = ConfigDict(from_attributes=True)

    advice_id: str
    service: str
    given_at: datetime
    verdict: str = Field(description="out, in or hold.")
    because: str = Field(description="Why, as a word for machines.")
    current: int = Field(description="Replicas that ran.")
    replicas: int = Field(description="Replicas that should run.")
    reason: BothLanguages
    message: str | None = Field(description="The bottleneck.")
    p95_now: float | None = Field(description="Seconds from arrival to end, as measured.")
    p95_predicted: float | None = Field(description="Seconds that are expected afterwards.")
    low: float | None = Field(description="Where the prediction's band begins.")
    high: float | None = Field(description="Where it ends.")
    inputs: ModelInputs | None
    outcome: AdviceOutcome | None


def router(records: AdviceRecords) -> APIRouter:
    """The routes."""
    router = APIRouter(prefix="/api/v1/fleet", tags=["advice"])

    @router.get("/advice", summary="Scaling advice, newest first, and what came of it")
    async def advice(
        service: Annotated[str | None, Query(max_length=63, description="Of one service alone.")] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> list[AdviceView]:
        with told():
            return [AdviceView.model_validate(one) for one in await records.listed(service, limit)]

    return router

"""What an autoscaler asks: KEDA's `metrics-api` scaler, with the service token as bearer.

In the ScaledObject: `url: http://observer:8010/internal/scaling/<service>`, `valueLocation: replicas`, `targetValue: "1"`,
`metricType: AverageValue`, `authMode: bearer`; the token is the key `token` of the TriggerAuthentication. The value is the
wanted number of replicas, so that value ÷ 1 is what Kubernetes makes of it. It is never 0, at which KEDA would stop all.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from chassis.http import Problem
from observer.application.advise_scaling import AdviseScaling
from observer.entrypoints.http.advice import BothLanguages
from observer.entrypoints.http.outages import told


class Scaling(BaseModel):
    """How many replicas of a service should run."""

    service: str
    replicas: int = Field(ge=1, description="How many should run; without evidence as many as run now.")
    reason: BothLanguages
    since: datetime | None = Field(description="When that was advised; none: there was no advice yet.")


_NOTHING = BothLanguages(
    de="Es wurde noch nichts geraten: so viele, wie jetzt laufen.",
    en="Nothing was advised yet: as many as run now.",
)


def router(advise: AdviseScaling) -> APIRouter:
    """The route."""
    router = APIRouter(prefix="/internal/scaling", tags=["scaling"])

    @router.get("/{service}", summary="How many replicas of a service should run, for KEDA")
    async def scaling(service: Annotated[str, Path(max_length=63)]) -> Scaling:
        with told():
            found = await advise.replicas(service)
        if found is None:
            raise Problem(404, "Unknown service", f"no service {service} was seen, nor is one configured")
        replicas, advice = found
        if not replicas:
            # A number would be a guess; without one Kubernetes leaves everything as it is.
            raise Problem(
                503, "Not seen yet", f"no replica of {service} was seen yet", headers={"Retry-After": "15"}
            )
        if advice is None:
            return Scaling(service=service, replicas=replicas, reason=_NOTHING, since=None)
        reason = BothLanguages.model_validate(advice.reason)
        return Scaling(service=service, replicas=replicas, reason=reason, since=advice.given_at)

    return router

"""Reports for people: what is slow, what to do, what became of it; as JSON, Markdown, HTML or PDF."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from chassis.http import Caller, Problem, caller_of
from observer.application.advice_ports import ReportRecords
from observer.application.report_bottlenecks import ReportBottlenecks
from observer.domain.findings import AlreadyDone, Finding, Report
from observer.entrypoints.http.advice import BothLanguages
from observer.entrypoints.http.outages import told

Format = Literal["json", "md", "html", "pdf"]
Language = Literal["de", "en"]
Render = Callable[[Report, Language], str | bytes]
MEDIA: Mapping[Format, str] = {
    "json": "application/json", "md": "text/markdown", "html": "text/html", "pdf": "application/pdf",
}  # fmt: skip


class Seen(BaseModel):
    """Read from a value of ours."""

    model_config = ConfigDict(from_attributes=True)


class GainView(Seen):
    """What is expected of a recommendation."""

    now: float
    then: float
    unit: str = Field(description="s, bytes/h or share.")
    by: str = Field(description="model, or arithmetic to the limit.")


class EvidenceView(Seen):
    """Why we think so."""

    kind: str = Field(description="series, queue, trace or statement.")
    text: BothLanguages
    reference: str = Field(description="The series, the trace's id, the statement.")


class ComparisonView(Seen):
    """The same measurement before and after."""

    before: float
    after: float
    probability: float = Field(description="How often chance alone makes such a difference (Mann–Whitney).")
    judgement: str = Field(description="improved, unchanged, worse or too_little.")
    count_before: int
    count_after: int


class FindingView(Seen):
    """Something that is slow or grows."""

    finding_id: str
    kind: str
    service: str
    subject: str
    value: float
    limit: float
    since: datetime | None = Field(description="When it began; none: before the report's time.")
    summary: BothLanguages
    recommendation: BothLanguages
    gain: GainView
    evidence: tuple[EvidenceView, ...]
    state: str = Field(description="proposed, done or validated.")
    done_at: datetime | None
    done_by: str | None
    comparison: ComparisonView | None
    validated_at: datetime | None


class ReportEntry(Seen):
    """A report in a list."""

    report_id: str
    kind: str = Field(description="daily, weekly or on_demand.")
    since: datetime
    until: datetime
    made_at: datetime
    title: BothLanguages
    summary: BothLanguages
    watched: int = Field(description="How many services had measurements.")


class ReportView(ReportEntry):
    """A whole report."""

    findings: tuple[FindingView, ...]
    followed_up: tuple[FindingView, ...]


def router(
    reports: ReportBottlenecks, records: ReportRecords, renderers: Mapping[Format, Render]
) -> APIRouter:
    """The routes; `renderers` make documents of a report."""
    router = APIRouter(prefix="/api/v1/fleet", tags=["reports"])

    @router.get("/reports", summary="Reports, newest first")
    async def listed(limit: Annotated[int, Query(ge=1, le=200)] = 30) -> list[ReportEntry]:
        with told():
            return [ReportEntry.model_validate(one) for one in await records.listed(limit)]

    @router.post("/reports", status_code=201, summary="Make a report of the last day")
    async def make() -> ReportView:
        with told():
            return ReportView.model_validate(await reports.make("on_demand"))

    @router.get(
        "/reports/{report_id}", response_model=ReportView, summary="One report, in the form that is asked for"
    )
    async def one(
        report_id: str,
        form: Annotated[Format | None, Query(alias="format")] = None,
        language: Annotated[Language | None, Query()] = None,
        accept: Annotated[str, Header()] = "*/*",
        accept_language: Annotated[str, Header()] = "de",
    ) -> Response:
        with told():
            report = await records.report(report_id)
        if report is None:
            raise Problem(404, "Unknown report", f"there is no report {report_id[:63]}")
        wanted = form or _accepted(accept)
        if wanted == "json":
            return Response(ReportView.model_validate(report).model_dump_json(), media_type=MEDIA["json"])
        spoken: Language = language or ("en" if accept_language.lower().startswith("en") else "de")
        return Response(
            renderers[wanted](report, spoken), media_type=MEDIA[wanted], headers=_named(report, wanted)
        )

    @router.post(
        "/reports/{report_id}/findings/{finding_id}/done", summary="A recommendation was carried out"
    )
    async def done(
        report_id: str, finding_id: str, caller: Annotated[Caller, Depends(caller_of)]
    ) -> FindingView:
        try:
            with told():
                finding = await reports.done(report_id, finding_id, caller.actor)
        except AlreadyDone as error:
            raise Problem(409, "Already done", str(error)) from error
        return FindingView.model_validate(_known(finding, finding_id))

    return router


def _known(finding: Finding | None, finding_id: str) -> Finding:
    if finding is None:
        raise Problem(404, "Unknown finding", f"the report has no finding {finding_id[:63]}")
    return finding


def _accepted(accept: str) -> Format:
    """The first form of the Accept header that there is; JSON when it leaves the choice."""
    for part in accept.split(","):
        media = part.partition(";")[0].strip().lower()
        for form, known in MEDIA.items():
            if media == known:
                return form
        if media in ("*/*", "application/*", ""):
            return "json"
    raise Problem(406, "Not acceptable", f"a report is {', '.join(MEDIA.values())}")


def _named(report: Report, form: Format) -> dict[str, str]:
    kind = "attachment" if form == "pdf" else "inline"
    return {
        "Content-Disposition": f'{kind}; filename="frontdesk-{report.until:%Y-%m-%d}.{form}"',
        "Vary": "Accept",
    }

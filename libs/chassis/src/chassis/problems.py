"""Errors as answers (RFC 9457): what happened and what to do."""

from __future__ import annotations

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is an error for people: what happened and what to do."""

    def __init__(
        self, status: int, title: str, detail: str, *, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers or {}

    def answer(self) -> JSONResponse:
        """The problem as application/problem+json."""
        document = ProblemDocument(title=self.title, status=self.status, detail=self.detail)
        return JSONResponse(document.model_dump(), self.status, {"Content-Type": MEDIA_TYPE, **self.headers})


class ProblemDocument(BaseModel):
    """What every error is answered with (RFC 9457)."""

    type: str = Field(default="about:blank", description="Always about:blank: the title says what it is.")
    title: str = Field(description="What kind of error.")
    status: int = Field(description="The HTTP status again.")
    detail: str = Field(description="What happened and what to do.")

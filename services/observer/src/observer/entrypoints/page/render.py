"""Templates, words and numbers of the page, in the reader's language and time zone."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from math import isfinite
from typing import Literal
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from observer.domain.operator import Operator

Language = Literal["de", "en"]
LANGUAGE_COOKIE = "frontdesk_language"
POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Cookie, Accept-Language, X-Live",
}


def language_of(request: Request) -> Language:
    """The language that the reader chose, else what the browser asks for first, else English."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen == "de" or chosen == "en":
        return chosen
    for wanted in request.headers.get("accept-language", "").lower().split(","):
        code = wanted.strip()[:2]
        if code == "de" or code == "en":
            return code
    return "en"


@cache
def texts(language: Language) -> Mapping[str, str]:
    """The words of the page in one language."""
    found: dict[str, str] = json.loads(
        (files("observer.entrypoints.page") / "texts" / f"{language}.json").read_text(encoding="utf-8")
    )
    return found


@cache
def assets() -> Mapping[str, tuple[bytes, str]]:
    """The page's files by name, each with its media type; none is asked of another host."""
    kinds = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml", "txt": "text/plain"}
    folder = files("observer.entrypoints.page") / "assets"
    return {
        file.name: (file.read_bytes(), f"{kinds[file.name.rpartition('.')[2]]}; charset=utf-8")
        for file in folder.iterdir()
    }


@cache
def asset_path(name: str) -> str:
    """Where a file is; its address changes with its content, so that browsers may keep it."""
    return f"/page/assets/{name}?v={hashlib.sha256(assets()[name][0]).hexdigest()[:12]}"


class Renderer:
    """Renders templates with what every page needs."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=PackageLoader("observer.entrypoints.page"),
            autoescape=select_autoescape(),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        names: dict[str, object] = self._templates.globals  # pyright: ignore[reportAssignmentType] — jinja2 types only its own
        names.update({"asset": asset_path, "query": _query})
        self._templates.filters["moment"] = moment
        for written in (duration, number, amount, share, size, unit):
            self._templates.filters[written.__name__] = _in_the_readers_language(written)

    def page(
        self, request: Request, template: str, operator: Operator | None, status: int = 200, **values: object
    ) -> Response:
        """A page, or only its live part when the page's own script asks for that (`X-Live`)."""
        language = language_of(request)
        words = texts(language)

        def say(key: str, **named: object) -> str:
            return words[key].format(**named)

        context = {
            "language": language,
            "t": say,
            "operator": operator,
            "layout": "live.html" if request.headers.get("x-live") else "base.html",
            "place": request.url.path,
            "here": _address(request),
            "still": request.method != "GET",
            "done": done if f"done_{(done := request.query_params.get('done', ''))}" in words else "",
            "asked": defaultdict(str, request.query_params),
            "now": datetime.now(UTC),
            **values,
        }
        return HTMLResponse(self._templates.get_template(template).render(context), status, headers=_HEADERS)

    def words(
        self, request: Request, operator: Operator, key: str, status: int = 200, **named: object
    ) -> Response:
        """A page that says one thing: there is no such letter, it was not kept."""
        said = texts(language_of(request))[key].format(**named)
        return self.page(request, "words.html", operator, status, words=said)


def _in_the_readers_language(written: Callable[..., str]) -> Callable[..., str]:
    @pass_context
    def filtered(context: Context, value: object, *options: object) -> str:
        return written(value, *options, language=context["language"])

    return filtered


def _query(asked: Mapping[str, str], **changes: object) -> str:
    """The same question with changes; an empty value leaves a part out."""
    merged = {**asked, **{name: str(value) for name, value in changes.items()}}
    return "?" + urlencode({name: value for name, value in merged.items() if value not in ("", "None")})


def number(value: float | None, digits: int = 0, *, language: Language = "en") -> str:
    """A number as people of that language write it; a dash when there is none."""
    if value is None or not isfinite(value):
        return "–"
    text = f"{value:,.{digits}f}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text


def amount(value: float | None, *, language: Language = "en") -> str:
    """A number with as many digits as it needs: 0.25, 7.5, 30, 1,240."""
    if value is None or not isfinite(value):
        return "–"
    written = number(value, 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2, language=language)
    mark = "," if language == "de" else "."
    return written.rstrip("0").rstrip(mark) if mark in written else written


def share(value: float | None, digits: int = 1, *, language: Language = "en") -> str:
    """A share of one as percent."""
    return "–" if value is None else f"{number(value * 100, digits, language=language)} %"


def size(value: float | None, *, language: Language = "en") -> str:
    """Bytes as people read them (powers of 1024)."""
    if value is None:
        return "–"
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024 or unit == "GiB":
            return f"{number(value, 0 if unit == 'B' else 1, language=language)} {unit}"
        value /= 1024
    raise AssertionError("unreachable")


def unit(name: str, *, language: Language = "en") -> str:
    """What a metric is counted in, in the reader's words."""
    return texts(language).get(f"unit_{name}", name)


def duration(seconds: float | timedelta | None, *, language: Language = "en") -> str:
    """A duration in the unit that fits: 3 ms, 1.2 s, 4 min, 3 h, 2 d."""
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    if seconds is None or not isfinite(seconds):
        return "–"
    if seconds < 1:
        return f"{number(seconds * 1000, 1 if 0 < seconds < 0.01 else 0, language=language)} ms"
    for limit, unit, per in ((60, "s", 1), (7200, "min", 60), (172800, "h", 3600)):
        if seconds < limit:
            value = seconds / per
            return f"{number(value, 1 if value < 10 and unit == 's' else 0, language=language)} {unit}"
    return f"{number(seconds / 86400, 0, language=language)} d"


def _address(request: Request) -> str:
    """Where the reader is, to come back to; what a form was sent to is no page, but for the log-in."""
    if request.method == "GET":
        return request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return request.url.path if request.url.path == "/page/sign-in" else "/"


def moment(value: datetime | None) -> str:
    """A moment as `<time>` shows it before a script puts it into the reader's own zone: UTC, said so."""
    return "–" if value is None else f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

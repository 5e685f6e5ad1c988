"""A report as one HTML page that needs nothing besides itself."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template

from observer.adapters.report_words import Language, gain, moment, state, text, word
from observer.domain.findings import Report


def html(report: Report, language: Language) -> str:
    """The report as HTML, in one language; whatever it quotes is escaped."""
    return _template().render(
        report=report, language=language, text=text, word=word, moment=moment, gain=gain, state=state
    )


@cache
def _template() -> Template:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    source = files("observer").joinpath("adapters/prompts/report.html").read_text("utf-8")
    return environment.from_string(source)

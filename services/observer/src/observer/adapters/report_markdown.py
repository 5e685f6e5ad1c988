"""A report in Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from observer.adapters.report_words import Language, gain, moment, state, text, word
from observer.domain.findings import Evidence, Finding, Report

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


def markdown(report: Report, language: Language) -> str:
    """The report as Markdown, in one language."""
    return "\n".join(_lines(report, language)) + "\n"


def _lines(report: Report, language: Language) -> Iterator[str]:
    yield f"# {_plain(text(report.title, language))}"
    yield ""
    yield _plain(text(report.summary, language))
    yield ""
    yield f"{word('made', language)}: {moment(report.made_at, language)} · {word('watched', language)}: {report.watched}"
    for name, findings in (("findings", report.findings), ("followed_up", report.followed_up)):
        yield ""
        yield f"## {word(name, language)}"
        yield ""
        if not findings:
            yield word("none", language)
        for number, finding in enumerate(findings, 1):
            yield from _finding(number, finding, language)
    yield "---"
    yield ""
    yield _plain(word("method", language))


def _finding(number: int, finding: Finding, language: Language) -> Iterator[str]:
    yield f"### {number}. {_plain(text(finding.summary, language))}"
    yield ""
    yield f"- **{word('since', language)}:** {moment(finding.since, language)}"
    yield f"- **{word('recommendation', language)}:** {_plain(text(finding.recommendation, language))}"
    yield f"- **{word('gain', language)}:** {gain(finding, language)}"
    yield f"- **{word('state', language)}:** {_plain(state(finding, language))}"
    yield f"- **{word('evidence', language)}:**"
    for evidence in finding.evidence:
        yield f"  - {_evidence(evidence, language)}"
    yield ""


def _evidence(evidence: Evidence, language: Language) -> str:
    told = _plain(text(evidence.text, language))
    reference = evidence.reference.replace("`", "'").replace("\n", " ")
    return f"{told} (`{reference}`)" if reference else told


def _plain(words: str) -> str:
    """Words that mean nothing to Markdown: a route or a statement may hold any character."""
    return _SPECIAL.sub(r"\\\1", words.replace("\n", " "))

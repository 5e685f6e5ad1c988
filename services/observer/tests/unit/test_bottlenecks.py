"""What counts as a bottleneck, since when, and what is recommended: one thing each, with a number."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pypdfium2
import pytest

from observer.adapters.report_html import html
from observer.adapters.report_markdown import markdown
from observer.adapters.report_pdf import pdf
from observer.domain.bottlenecks import Bottleneck, Limits, Track, find
from observer.domain.change import compare
from observer.domain.demand import Demand, Stretch
from observer.domain.explanation import Texts
from observer.domain.findings import AlreadyDone, Evidence, Finding, FindingKind, Measurement, Report, Unit
from observer.domain.histogram import Points
from observer.domain.recommendations import evidence_of, recommendation, report_words, summary
from observer.domain.series import Point

MIDNIGHT = datetime(2026, 11, 27, tzinfo=UTC)
STEP = timedelta(minutes=30)
WORK = Points((0.5, 1.0, 2.0, 4.0), (0.25, 0.4, 0.25, 0.1))
UNITS: dict[FindingKind, Unit] = {
    "slow_endpoint": "s", "slow_handler": "s", "queue_wait": "s", "slow_database": "s", "pool_exhausted": "share",
    "memory_growth": "bytes/h", "retries": "share", "dead_letters": "share",
}  # fmt: skip
BEYOND: dict[FindingKind, float] = {
    "slow_endpoint": 0.9, "slow_handler": 7.0, "queue_wait": 40.0, "slow_database": 0.2, "pool_exhausted": 0.97,
    "memory_growth": 30e6, "retries": 0.2, "dead_letters": 0.01,
}  # fmt: skip


def track(
    kind: FindingKind, values: Sequence[float], *, demand: Demand | None = None, servers: int = 1
) -> Track:
    points = tuple(Point(MIDNIGHT + index * STEP, value) for index, value in enumerate(values))
    measurement = Measurement("a_metric", (("service", "ocr"),), "p95", UNITS[kind])
    return Track(
        kind, "ocr", "document.received.v1", measurement, points, 960, demand=demand, servers=servers
    )


def noisy(level: float, count: int, seed: int = 1) -> list[float]:
    random = Random(seed)
    return [level * random.lognormvariate(0, 0.1) for _ in range(count)]


def only(tracks: list[Track]) -> Bottleneck:
    [found] = find(tracks, Limits())
    return found


@pytest.mark.parametrize("kind", list(BEYOND))
def test_each_kind_is_found_told_in_both_languages_and_has_one_recommendation_with_a_number(
    kind: FindingKind,
) -> None:
    demand = Demand((Stretch(3600, 0.6),), 1.0, 1.0, WORK, 0.0, 2000, 0.02)

    found = only(
        [track(kind, [BEYOND[kind]] * 48, demand=demand, servers=1 if kind != "pool_exhausted" else 10)]
    )

    assert found.gain.then < found.gain.now
    for words in (summary(found), recommendation(found)):
        assert words.de != words.en
        assert not {"{", "}"} & set(words.de + words.en)
    assert "48 of 48 steps" in evidence_of(found)[0].text.en


def test_the_beginning_is_where_the_level_rose() -> None:
    found = only([track("slow_endpoint", [*noisy(0.1, 30), *noisy(0.9, 18, 2)])])

    assert found.since == MIDNIGHT + 30 * STEP
    assert found.value == pytest.approx(0.9, rel=0.1)


def test_what_was_slow_from_the_start_began_before_the_report() -> None:
    assert only([track("slow_endpoint", noisy(0.9, 48))]).since is None


def test_what_was_slow_once_is_no_finding() -> None:
    assert find([track("slow_endpoint", [0.1] * 45 + [9.0] * 3)], Limits()) == []


def test_for_a_queue_that_waits_the_model_says_how_many_replicas_and_what_they_bring() -> None:
    busy = Demand((Stretch(3600, 0.66),), 1.0, 1.0, WORK, 0.0, 2000, 0.02)

    found = only([track("queue_wait", [40.0] * 48, demand=busy)])

    assert found.more == 1
    assert found.gain.by == "model"
    assert "replicas of ocr by 1:" in recommendation(found).en
    assert found.gain.then < 10 < found.gain.now


def test_a_queue_that_waits_for_its_slow_handler_is_told_once() -> None:
    both = [track("queue_wait", [40.0] * 48), track("slow_handler", [7.0] * 48)]

    assert [one.track.kind for one in find(both, Limits())] == ["queue_wait"]


def test_a_pool_is_enlarged_until_one_request_in_a_hundred_waits() -> None:
    found = only([track("pool_exhausted", [0.95] * 48, servers=10)])

    assert found.gain.now > 0.5
    assert found.gain.then <= 0.01
    assert found.more > 5


def test_the_worst_comes_first() -> None:
    found = find([track("slow_endpoint", [0.6] * 48), track("slow_database", [0.5] * 48)], Limits())

    assert [one.track.kind for one in found] == ["slow_database", "slow_endpoint"]


def finding(words: str = "Anfragen dauern länger: Größe <b>&</b> | `x`") -> Finding:
    found = only([track("slow_endpoint", [*noisy(0.1, 30), *noisy(0.9, 18, 2)])])
    return Finding(
        "f1", "r1", "slow_endpoint", "ocr", "GET /x", found.track.measurement, found.value, found.limit, found.since,
        Texts(words, words), recommendation(found), found.gain,
        (*evidence_of(found), Evidence("trace", Texts("Spur", "trace"), "4bf92f3577b34da6a3ce929d0e0e4736")),
        found_at=MIDNIGHT,
    )  # fmt: skip


def report(*findings: Finding) -> Report:
    title, words = report_words("daily", MIDNIGHT, MIDNIGHT + timedelta(days=1), findings)
    return Report(
        "r1", "daily", MIDNIGHT, MIDNIGHT + timedelta(days=1), MIDNIGHT, title, words, findings, (), 12
    )


def test_a_finding_is_done_once_and_then_judged() -> None:
    done = finding().done(MIDNIGHT, "user: u1")
    judged = done.validated(MIDNIGHT + STEP, compare(noisy(0.9, 30), noisy(0.2, 30)))

    assert judged.comparison is not None
    assert judged.comparison.judgement == "improved"
    with pytest.raises(AlreadyDone):
        done.done(MIDNIGHT, "user: u2")


def test_html_quotes_what_it_shows_and_needs_nothing_from_elsewhere() -> None:
    page = html(report(finding("<script>alert(1)</script> Größe")), "de")

    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Größe" in page
    assert '<html lang="de">' in page
    assert "prefers-color-scheme: dark" in page
    assert "http" not in page.replace("http-equiv", "").replace("frontdesk_http", "")
    assert "4bf92f3577b34da6a3ce929d0e0e4736" in page


def test_markdown_means_what_it_says() -> None:
    page = markdown(report(finding()), "de")

    assert "### 1. Anfragen dauern länger: Größe \\<b\\>&\\</b\\> \\| \\`x\\`" in page
    assert "**Seit:** 27.11.2026 15:00 UTC" in page
    assert re.search(r"\*\*Erwarteter Gewinn:\*\* \d+ ms → 500 ms \(gerechnet bis zur Grenze\)", page)


def test_validation_is_told_with_both_values_and_its_probability() -> None:
    judged = (
        finding().done(MIDNIGHT, "version 2").validated(MIDNIGHT, compare(noisy(0.9, 30), noisy(0.2, 30)))
    )

    assert "Verbessert: " in markdown(report(judged), "de")
    assert "Mann–Whitney p = " in markdown(report(judged), "en")


def test_a_report_without_findings_says_so() -> None:
    assert "Nichts war über seiner Grenze." in markdown(report(), "de")
    assert "Nothing was beyond its limit." in html(report(), "en")


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_pdf_carries_its_font_and_its_umlauts(language: str) -> None:
    written = pdf(report(finding()), "de" if language == "de" else "en")

    text = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(written))
    assert b"FontFile2" in written
    assert "Anfragen dauern länger: Größe <b>&</b> | `x`" in text.replace("\r\n", " ").replace("\n", " ")

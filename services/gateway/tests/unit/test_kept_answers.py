from __future__ import annotations

import pytest

from gateway.application.keep_answers import AnswerKey, KeptAnswer, KeptAnswers
from gateway.domain.caching import (
    Freshness,
    etag_of,
    freshness_of,
    must_not_be_kept,
    unchanged,
    wants_the_service,
)
from gateway.domain.headers import Header


def headers(**given: str) -> list[Header]:
    return [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()]


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def key(target: str = "/api/v1/leads", tenant: str = "muster", who: str = "u1") -> AnswerKey:
    return AnswerKey(tenant, "leads", who, target.encode(), "*/*", "")


def answer(clock: Clock, size: int = 10, seconds: int = 60) -> KeptAnswer:
    return KeptAnswer((), b"x" * size, '"1"', clock.now, seconds, private=True)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (headers(cache_control="private, max-age=30"), Freshness(30, True)),
        (headers(cache_control="public, max-age=30", vary="Accept-Language"), Freshness(30, False)),
        (headers(cache_control="private, max-age=999999"), Freshness(3600, True)),
        (headers(), None),
        (headers(cache_control="max-age=30"), None),
        (headers(cache_control="private"), None),
        (headers(cache_control="private, max-age=0"), None),
        (headers(cache_control="private, max-age=-1"), None),
        (headers(cache_control="private, no-store, max-age=30"), None),
        (headers(cache_control="private, no-cache, max-age=30"), None),
        (headers(cache_control="private, max-age=30", set_cookie="a=1"), None),
        (headers(cache_control="private, max-age=30", vary="Cookie"), None),
        (headers(cache_control="private, max-age=30", vary="*"), None),
        (headers(cache_control="private, max-age=30", content_encoding="gzip"), None),
    ],
)
def test_only_what_a_service_allows_in_so_many_words_is_kept(
    given: list[Header], expected: Freshness | None
) -> None:
    assert freshness_of(200, given) == expected
    assert freshness_of(404, given) is None


def test_a_caller_may_refuse_what_was_kept() -> None:
    assert wants_the_service(headers(cache_control="no-cache"))
    assert wants_the_service(headers(pragma="no-cache"))
    assert wants_the_service(headers(cache_control="max-age=0"))
    assert wants_the_service(headers(range="bytes=0-1"))
    assert not wants_the_service(headers(accept="*/*"))
    assert must_not_be_kept(headers(cache_control="no-store"))
    assert must_not_be_kept(headers(range="bytes=0-1"))


def test_tags_are_compared_weakly() -> None:
    tag = etag_of(b"body")

    assert unchanged([f'"a", {tag}'], tag)
    assert unchanged([tag.removeprefix("W/")], tag)
    assert unchanged(["*"], tag)
    assert not unchanged([], tag)
    assert not unchanged(['"a"'], etag_of(b"other"))


def test_an_answer_is_kept_for_its_time_and_for_its_caller_alone() -> None:
    clock = Clock()
    kept = KeptAnswers(100_000, clock)
    kept.keep(key(), answer(clock), kept.mark("muster", "leads"))

    assert kept.find([key()]) is not None
    assert kept.find([key(who="u2")]) is None
    assert kept.find([key(tenant="other")]) is None
    assert kept.find([key("/api/v1/leads?state=new")]) is None
    clock.now = 60.0
    assert kept.find([key()]) is None
    assert kept.bytes == 0


def test_a_write_forgets_the_resource_of_its_tenant_and_no_other() -> None:
    clock = Clock()
    kept = KeptAnswers(100_000, clock)
    for tenant in ("muster", "other"):
        kept.keep(key(tenant=tenant), answer(clock), kept.mark(tenant, "leads"))

    kept.written("muster", "leads")
    kept.written("other", "files")

    assert kept.find([key()]) is None
    assert kept.find([key(tenant="other")]) is not None
    kept.written(None, "leads")
    assert kept.find([key(tenant="other")]) is None
    assert kept.bytes == 0


@pytest.mark.parametrize("tenant", ["muster", None])
def test_what_was_asked_before_a_write_and_answered_after_it_is_not_kept(tenant: str | None) -> None:
    clock = Clock()
    kept = KeptAnswers(100_000, clock)
    mark = kept.mark("muster", "leads")
    kept.written(tenant, "leads")
    kept.keep(key(), answer(clock), mark)

    assert kept.find([key()]) is None


def test_the_room_is_bounded_and_the_least_used_goes_first() -> None:
    clock = Clock()
    kept = KeptAnswers(20_000, clock)
    mark = kept.mark("muster", "leads")
    for number in range(12):
        kept.keep(key(str(number)), answer(clock, 1100), mark)
        assert kept.find([key("0")]) is not None
    kept.keep(key("13"), answer(clock, 1100), mark)
    kept.keep(key("large"), answer(clock, 20_000 // 16 + 1), mark)

    assert kept.bytes <= 20_000
    assert kept.find([key("0")]) is not None
    assert kept.find([key("1")]) is None
    assert kept.find([key("large")]) is None

"""Tail sampling: slow and failed stories are kept whole, ordinary ones let go, memory is bounded."""

from observer.domain.sampling import SamplingRules, TailSampler
from observer.domain.spans import SECOND, StorySpan, Value

RULES = SamplingRules(slow_seconds=5, share=0.0, rest_seconds=10, longest_seconds=60, held_spans=100)


def span(
    story: str | None,
    number: int = 0,
    *,
    trace: str = "",
    seconds: float = 0.1,
    failed: bool = False,
    **told: Value,
) -> StorySpan:
    attributes: dict[str, Value] = {f"frontdesk.{key}": value for key, value in told.items()}
    if story is not None:
        attributes["frontdesk.correlation_id"] = story
    return StorySpan(
        trace or f"trace-{story}", f"{story}-{number}", None, "ocr", "x", "consumer", 0, int(seconds * SECOND),
        failed=failed, attributes=attributes,
    )  # fmt: skip


def test_a_failed_story_is_kept_whole_over_all_its_traces_and_an_ordinary_one_is_not() -> None:
    sampler = TailSampler(RULES)
    sampler.add([span("bad", 1, trace="a"), span("bad", 2, trace="b", failed=True), span("good", 3)], 0)

    assert sampler.decide(5) == []
    (kept,) = sampler.decide(10)

    assert (kept.story_id, len(kept.spans), kept.failed, kept.slow) == ("bad", 2, True, False)
    assert sampler.holds == 0


def test_a_story_is_slow_by_its_length_or_by_a_wait() -> None:
    sampler = TailSampler(RULES)
    sampler.add([span("long", seconds=6), span("waited", waited_s=7.0), span("quick")], 0)

    assert {story.story_id for story in sampler.decide(10) if story.slow} == {"long", "waited"}


def test_a_span_without_a_story_belongs_to_that_of_its_trace_even_when_it_came_first() -> None:
    sampler = TailSampler(RULES)
    sampler.add([span(None, 1, trace="t")], 0)
    sampler.add([span("bad", 2, trace="t", failed=True)], 1)
    sampler.add([span(None, 3, trace="t")], 2)

    (kept,) = sampler.decide(20)

    assert (kept.story_id, len(kept.spans)) == ("bad", 3)


def test_what_comes_late_for_a_kept_story_is_kept_too() -> None:
    sampler = TailSampler(RULES)
    sampler.add([span("bad", 1, failed=True)], 0)
    sampler.decide(10)
    sampler.add([span("bad", 2)], 30)

    assert [len(story.spans) for story in sampler.decide(40)] == [1]


def test_a_story_that_never_rests_is_decided_at_last() -> None:
    sampler = TailSampler(RULES)
    kept = 0
    for second in range(0, 70, 5):
        sampler.add([span("busy", second, failed=True)], second)
        kept += sum(len(story.spans) for story in sampler.decide(second))

    assert kept >= 12


def test_the_share_is_chosen_by_the_story_alike_wherever_it_is_asked() -> None:
    rules = SamplingRules(slow_seconds=5, share=0.1, rest_seconds=1, held_spans=100_000)
    chosen: list[set[str]] = []
    for _ in range(2):
        sampler = TailSampler(rules)
        sampler.add([span(f"story-{number}") for number in range(2000)], 0)
        chosen.append({story.story_id for story in sampler.decide(10)})

    assert chosen[0] == chosen[1]
    assert 120 < len(chosen[0]) < 280


def test_under_pressure_ordinary_stories_go_first_and_are_counted() -> None:
    sampler = TailSampler(RULES)
    sampler.add([span("bad", number, failed=True) for number in range(50)], 0)
    sampler.add([span(f"good-{number}") for number in range(60)], 1)

    assert sampler.holds <= 100
    assert sampler.pushed_out == 10
    assert [story.story_id for story in sampler.decide(20)] == ["bad"]


def test_notable_stories_are_kept_early_rather_than_lost() -> None:
    sampler = TailSampler(RULES)
    kept = sampler.add([span(f"bad-{number}", failed=True) for number in range(150)], 0)

    assert (len(kept), sampler.holds, sampler.pushed_out) == (50, 100, 0)

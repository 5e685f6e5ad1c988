"""The waterfall tells why an answer was slow, and admits that clocks differ."""

import itertools

from observer.domain.spans import SECOND, StorySpan, Value
from observer.domain.waterfall import waterfall

_IDS = itertools.count(1)


def span(
    service: str, began: float, ended: float, parent: StorySpan | None = None, *, kind: str = "consumer", name: str = "x",
    **attributes: Value,
) -> StorySpan:  # fmt: skip
    told = {f"frontdesk.{key}": value for key, value in attributes.items()}
    return StorySpan(
        "t", f"{next(_IDS):016x}", parent.span_id if parent else None, service, name, kind,  # pyright: ignore[reportArgumentType]
        int(began * SECOND), int(ended * SECOND), attributes={"frontdesk.correlation_id": "s", **told},
    )  # fmt: skip


def test_the_longest_wait_on_the_way_to_the_answer_is_named_in_both_languages() -> None:
    door = span("gateway", 0, 0.01, kind="server")
    read = span(
        "ocr", 31.01, 32, door, waited_s=31.0, work_s=0.9, group_s=0.02, commit_s=0.05, publish_s=0.03
    )
    sent = span("notification", 32.1, 32.5, read, waited_s=0.1, work_s=0.4)
    smtp = span("notification", 32.1, 32.4, sent, kind="client", vendor="smtp", operation="send")
    journal = span("reporting", 90, 91, sent, waited_s=58.0)

    drawn = waterfall([journal, smtp, sent, read, door])

    assert drawn.answered
    assert drawn.shares[0].words() == {
        "de": "31 s gewartet in der Warteschlange von ocr",
        "en": "waited 31 s in ocr's queue",
    }
    assert drawn.sentence()["en"].endswith("waited 31 s in ocr's queue.")
    assert {bar.span.service for bar in drawn.bars if bar.critical} == {"gateway", "ocr", "notification"}
    assert [bar.depth for bar in drawn.bars] == [0, 1, 2, 3, 3]


def test_a_vendor_that_took_long_is_named_instead_of_the_work_around_it() -> None:
    drafted = span("conversation", 0, 13, waited_s=0.2, work_s=12.5)
    asked = span("conversation", 0.2, 12.4, drafted, kind="client", vendor="openai", operation="generate")

    first = waterfall([drafted, asked]).shares[0]

    assert first.words()["en"] == "waited 12 s for openai (generate, for conversation)"
    assert first.words()["de"] == "12 s auf openai gewartet (generate, für conversation)"


def test_a_new_attempt_is_a_pause_and_no_wait_in_the_queue() -> None:
    told = span("orchestrator", 0, 1, waited_s=0.1, work_s=1.0)
    again = span("crm-sync", 6.2, 6.4, told, waited_s=0.2, work_s=0.2, attempt=2)

    first = waterfall([told, again]).shares[0]

    assert first.words() == {
        "de": "5,0 s Pause vor crm-sync (ein Zeitgeber oder ein neuer Versuch)",
        "en": "paused 5.0 s before crm-sync (a timer, or a new attempt)",
    }


def test_what_would_begin_before_its_cause_is_moved_with_all_that_follows_and_says_so() -> None:
    door = span("gateway", 100, 101, kind="server")
    early = span("ocr", 97, 99, door, waited_s=-3.0)
    call = span("ocr", 97.5, 98, early, kind="client", vendor="openai", operation="generate")

    by_service = {bar.span.span_id: bar for bar in waterfall([door, early, call]).bars}

    assert by_service[early.span_id].moved == 3
    assert (by_service[early.span_id].offset, by_service[early.span_id].waited) == (0, 0)
    assert by_service[call.span_id].offset == 0.5
    assert by_service[door.span_id].moved == 0


def test_an_answer_does_not_end_after_the_call_that_it_answers() -> None:
    asks = span("telephony", 0, 1, kind="client")
    answers = span("crm-sync", 0.1, 1.4, asks, kind="server")

    bar = next(bar for bar in waterfall([asks, answers]).bars if bar.span is answers)

    assert bar.clipped
    assert bar.offset + bar.seconds == 1


def test_spans_whose_cause_is_missing_or_that_cause_each_other_are_drawn_all_the_same() -> None:
    lost = span("ocr", 1, 2, span("gateway", 0, 1))
    one, other = span("a", 0, 1), span("b", 0, 1)
    circle = [
        StorySpan("t", one.span_id, other.span_id, "a", "x", "consumer", 0, 1),
        StorySpan("t", other.span_id, one.span_id, "b", "x", "consumer", 0, 1),
    ]

    assert {bar.span.span_id for bar in waterfall([lost, *circle]).bars} == {
        lost.span_id, one.span_id, other.span_id
    }  # fmt: skip
    assert waterfall([]).sentence()["en"] == "Nothing is known of this story."

"""Whether something is beyond its threshold, and what is told of it: pure rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from observer.domain.fleet import Address, HealthSeen, Look, Roster
from observer.domain.judging import Alert, judge
from observer.domain.measuring import MEMORY, REQUESTS, Sight, observe
from observer.domain.notices import Notice, to_tell
from observer.domain.recent import Recent
from observer.domain.series import INFINITE, Point, Sample, Series, increase, quantile, slope_per_hour
from observer.domain.silences import Matchers, Silence, silencing
from observer.domain.thresholds import Observation, Scope, Threshold
from observer.domain.words import of_alert, of_telling

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
SLOW = Threshold("slow", "latency_quantile", 500, hold=30 * SECOND, recover_below=400, severity="critical")
GATHER, UPDATE = 10 * SECOND, 5 * MINUTE


def judged(*values: float | None, threshold: Threshold = SLOW, every: timedelta = 15 * SECOND) -> list[str]:
    """The states that a row of values leads to, one look each 15 seconds."""
    alert: Alert | None = None
    states: list[str] = []
    for place, value in enumerate(values):
        found = None if value is None else Observation("ocr", "GET /", value)
        alert, change = judge(threshold, alert, found, NOW + place * every, new_id="a1")
        states.append(change or (alert.state if alert else "ok"))
        if change == "recovered":
            alert = None
    return states


@pytest.mark.parametrize(
    ("values", "states"),
    [
        ((499, 500, 501), ["ok", "ok", "pending"]),
        ((600, 600, 100), ["pending", "pending", "ok"]),
        ((600, 600, 600, 450, 450, 450), ["pending", "pending", "fired", "firing", "firing", "firing"]),
        ((600, 600, 600, 399, 450, 399, 399, 399),
         ["pending", "pending", "fired", "recovering", "firing", "recovering", "recovering", "recovered"]),
        ((600, 600, 600, None, None, None), ["pending", "pending", "fired", "recovering", "recovering", "recovered"]),
    ],
)  # fmt: skip
def test_what_is_beyond_must_last_and_what_is_well_must_last_too(
    values: tuple[float | None, ...], states: list[str]
) -> None:
    assert judged(*values) == states


def test_without_a_hold_a_breach_fires_at_once() -> None:
    assert judged(501, threshold=replace(SLOW, hold=timedelta(0))) == ["fired"]


def firing(service: str, *, group: str = "reachability", why: str = "", fired: datetime = NOW) -> Alert:
    return Alert(
        f"alert-{service}", "silent", service, f"{service}:1", "replica_silent", "s", "critical", group, "firing",
        30.0, 30.0, 15.0, fired, why, fired_at=fired,
    )  # fmt: skip


def told(
    alerts: list[Alert], notice: Notice | None = None, at: datetime = NOW + GATHER
) -> list[tuple[str, int, int]]:
    notices = {notice.group: notice} if notice else {}
    found = to_tell(alerts, notices, at, gather=GATHER, update=UPDATE)
    return [(one.kind, one.notice.update, len(one.members)) for one in found]


def test_a_storm_of_three_hundred_is_gathered_into_one_notice() -> None:
    storm = [firing(f"s{number}", why="the database does not answer") for number in range(300)]

    assert told(storm, at=NOW + 9 * SECOND) == []
    (telling,) = to_tell(storm, {}, NOW + GATHER, gather=GATHER, update=UPDATE)

    words = of_telling(telling)
    assert len(telling.members) == 300
    assert words.en.startswith(
        "300 breaches in 300 services (s0, s1, s10, s100, s101, s102 and 294 more): the database"
    )
    assert words.de.startswith("300 Störungen in 300 Diensten")


def test_what_joins_a_group_is_an_update_and_not_before_its_time() -> None:
    notice = Notice("alert-ocr", "reachability", NOW, NOW)
    both = [replace(firing("ocr"), notice_id="alert-ocr"), firing("tenancy")]

    assert told(both, notice, NOW + UPDATE - SECOND) == []
    assert told(both, notice, NOW + UPDATE) == [("exceeded", 1, 2)]


def test_a_group_is_over_when_its_last_one_is() -> None:
    notice = Notice("alert-ocr", "reachability", NOW, NOW)
    one = replace(firing("ocr"), notice_id="alert-ocr", state="recovered", recovered_at=NOW + MINUTE)
    other = replace(firing("tenancy"), notice_id="alert-ocr")

    assert told([one, other], notice) == []
    assert told([one, replace(other, state="recovered", recovered_at=NOW)], notice) == [("recovered", 0, 2)]


def test_a_warning_and_a_silenced_one_are_not_told() -> None:
    assert told([replace(firing("ocr"), severity="warning"), replace(firing("crm"), silenced_by="s1")]) == []


def test_a_silence_holds_for_what_it_covers_until_it_ends() -> None:
    silence = Silence("s1", Matchers(service="oc*"), NOW, NOW + HOUR, "Umbau", "u1", NOW)

    assert silencing(firing("ocr"), [silence], NOW) == "s1"
    assert silencing(firing("crm-sync"), [silence], NOW) is None
    assert silencing(firing("ocr"), [silence], NOW + HOUR) is None


def test_words_have_the_unit_and_the_languages_numbers() -> None:
    words = of_alert(replace(firing("ocr"), value=2.5, limit=1.5))

    assert words.de == "ocr ocr:1 antwortet seit 2,5 s nicht (erlaubt: 1,5 s)"
    assert words.en == "ocr ocr:1 has not answered for 2.5 s (allowed: 1.5 s)"


def test_arithmetic_of_counters_histograms_and_slopes() -> None:
    assert increase(10, [12, 12, 3, 5]) == 2 + 3 + 2
    assert increase(None, [12, 15]) == 3
    assert quantile((0.1, 0.5, INFINITE), (0, 10, 10), 0.5) == pytest.approx(0.3)
    assert quantile((0.1, 0.5, INFINITE), (0, 0, 10), 0.5) == 0.5
    assert quantile((0.1, INFINITE), (0, 0), 0.5) is None
    assert slope_per_hour([Point(NOW + place * MINUTE, 2.0 * place) for place in range(60)]) == pytest.approx(
        120
    )
    assert slope_per_hour([Point(NOW, 1.0), Point(NOW, 2.0), Point(NOW, 3.0)]) is None


def sight(recent: Recent, *, processes: dict[str, tuple[str, ...]] | None = None) -> Sight:
    return Sight(NOW, [], recent, recent, processes=processes or {})


def test_the_first_error_of_a_replica_that_was_looked_at_before_counts() -> None:
    recent = Recent(15 * MINUTE)
    labels = {"service": "ocr", "method": "GET", "route": "/", "instance": "a:1"}
    failed = Series.of(REQUESTS, {**labels, "status": "500"}, "histogram", (1.0, INFINITE))
    recent.add([(failed, Sample(NOW, 1.0, (1, 1)))], born=NOW - 15 * SECOND)

    found = observe(Threshold("errors", "error_rate", 0.1), sight(recent))

    assert found == [Observation("ocr", None, 100.0)]


def test_memory_of_a_shared_process_is_judged_once_and_a_start_is_no_leak() -> None:
    recent = Recent(6 * HOUR)
    series = Series.of(MEMORY, {"process": "p1"})
    mib = 1024.0 * 1024.0
    leak = Threshold("leak", "memory_slope", 50, window=4 * HOUR)

    def grown(minutes: int) -> list[Observation] | None:
        recent.add([(series, Sample(NOW - (240 - minutes) * MINUTE, 100 * mib + minutes * mib))])
        return observe(leak, sight(recent, processes={"p1": ("crm-sync", "ocr")}))

    early = [grown(minutes) for minutes in range(60)][-1]
    late = [grown(minutes) for minutes in range(60, 240)][-1]

    assert early == []
    assert late is not None
    assert [(one.service, one.subject, round(one.value)) for one in late] == [(None, "process p1", 60)]


def test_fifty_replicas_at_once_are_new_and_those_that_go_are_gone_not_silent() -> None:
    roster = Roster()
    fifty = [Address("ocr", f"http://10.0.0.{number}:8007") for number in range(50)]

    assert len(roster.named(fifty, NOW, unresolved=frozenset())) == 50
    roster.named(fifty[:3], NOW + MINUTE, unresolved=frozenset())
    assert len(roster.present) == 3
    roster.named([], NOW + MINUTE, unresolved=frozenset({"ocr"}))
    assert len(roster.present) == 3
    assert roster.replicas[fifty[7]].failing is None
    assert roster.replicas[fifty[7]].gone_since == NOW + MINUTE


def test_a_clock_is_off_only_by_more_than_the_answer_took() -> None:
    roster = Roster()
    address = Address("ocr", "http://a:1")
    roster.named([address], NOW, unresolved=frozenset())
    replica = roster.replicas[address]

    for ahead, skew in ((0.4, 0.0), (-60.0, -59.5), (90.0, 90.0)):
        health = HealthSeen("pass", "1", 5.0, time=NOW + ahead * SECOND - 0.5 * SECOND)
        replica.saw(Look(address, NOW, 1.0, health))
        assert replica.skew_seconds == pytest.approx(skew, abs=0.51)


def test_a_scope_takes_patterns_and_leaves_out_what_is_named() -> None:
    scope = Scope(("ocr", "crm-*"), ("GET /api/*",), ("GET /api/v1/slow",))

    assert scope.takes("crm-sync", "GET /api/v1/leads")
    assert not scope.takes("crm-sync", "GET /api/v1/slow")
    assert not scope.takes("gateway", "GET /api/v1/leads")
    assert not scope.takes(None, "GET /api/v1/leads")

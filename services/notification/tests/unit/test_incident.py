"""Who learns of which alert, and when: every order of breaches, recoveries and looks."""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from notification.domain.alerts import Alert, Recovery, Severity, Summary
from notification.domain.incident import Awareness, News, Rhythm, due_at, learned, look_at, news_for
from notification.domain.staff import Member, QuietHours

BEGIN = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
RHYTHM = Rhythm(timedelta(seconds=30), timedelta(minutes=5), timedelta(0))


def alert(
    name: str = "a", *, at: float = 0, over: float | None = None, severity: Severity = "critical"
) -> Alert:
    heard = BEGIN + timedelta(seconds=at)
    ended = None if over is None else BEGIN + timedelta(seconds=over)
    return Alert(
        alert_id=name, threshold="latency", service="orchestrator", subject=None, metric="p95", value=812.0,
        limit=500.0, unit="ms", severity=severity, since=heard, summary=Summary("langsam", "slow"), group="g", said_at=heard,
        heard_at=heard, recovery=None if ended is None else Recovery(ended, 100.0, ended),
    )  # fmt: skip


def member(name: str = "anna", **changes: object) -> Member:
    plain = Member(
        name, f"{name}@betrieb.test", "de", "Europe/Berlin", frozenset({"warning", "critical"}),
        BEGIN - timedelta(days=1),
    )  # fmt: skip
    return replace(plain, **changes)  # pyright: ignore[reportArgumentType]


def seconds(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - BEGIN).total_seconds()


def test_what_comes_within_the_window_is_one_notice_and_what_comes_later_waits_for_the_pause() -> None:
    anna, storm = member(), [alert(str(number), at=number) for number in range(20)]
    assert seconds(due_at(anna, storm, Awareness(), RHYTHM)) == 30
    now = BEGIN + timedelta(seconds=30)
    news = news_for(anna, storm, Awareness(), RHYTHM, now)
    assert news is not None
    assert (news.kind, len(news.fresh)) == ("opened", 20)
    aware = learned(Awareness(), news, now)
    assert due_at(anna, storm, aware, RHYTHM) is None
    assert seconds(due_at(anna, [*storm, alert("late", at=40)], aware, RHYTHM)) == 330


def test_the_first_critical_alert_does_not_wait_for_the_pause_after_warnings() -> None:
    warned = Awareness(frozenset({"w"}), notices=1, last_at=BEGIN + timedelta(seconds=30))
    alerts = [alert("w", severity="warning"), alert("c", at=60)]
    assert seconds(due_at(member(), alerts, warned, RHYTHM)) == 90


def test_the_end_is_told_once_when_all_of_the_group_is_over() -> None:
    aware = Awareness(frozenset({"a", "b"}), notices=1, last_at=BEGIN)
    assert due_at(member(), [alert("a", over=10), alert("b")], aware, RHYTHM) is None
    ended = [alert("a", over=10), alert("b", over=20)]
    now = BEGIN + timedelta(seconds=50)
    news = news_for(member(), ended, aware, RHYTHM, now)
    assert news is not None
    assert news.kind == "recovered"
    assert due_at(member(), ended, learned(aware, news, now), RHYTHM) is None


def test_what_was_over_before_anybody_was_told_is_one_notice_that_says_both() -> None:
    news = news_for(member(), [alert(over=5)], Awareness(), RHYTHM, BEGIN + timedelta(seconds=30))
    assert news is not None
    assert (news.kind, learned(Awareness(), news, BEGIN).all_clear) == ("over", True)


def test_quiet_hours_hold_a_warning_back_and_let_what_is_critical_through() -> None:
    asleep = member(quiet=QuietHours(time(12, 0), time(7, 0)))  # 12:00 UTC is 13:00 in Berlin
    assert seconds(due_at(asleep, [alert()], Awareness(), RHYTHM)) == 30
    held = due_at(asleep, [alert(severity="warning")], Awareness(), RHYTHM)
    assert held == datetime(2026, 11, 29, 6, 0, tzinfo=UTC)


def test_who_wants_critical_alerts_alone_is_told_of_no_warning() -> None:
    critical_only = member(severities=frozenset({"critical"}))
    assert due_at(critical_only, [alert(severity="warning")], Awareness(), RHYTHM) is None


def test_who_came_later_is_not_told_of_what_was_over_by_then() -> None:
    newcomer = member(since=BEGIN + timedelta(hours=1))
    assert due_at(newcomer, [alert(over=5)], Awareness(), RHYTHM) is None
    assert due_at(newcomer, [alert()], Awareness(), RHYTHM) is not None


def test_what_lasts_is_recalled_to_those_who_know_it() -> None:
    rhythm = replace(RHYTHM, reminder=timedelta(hours=4))
    aware = Awareness(frozenset({"a"}), notices=1, last_at=BEGIN)
    news = news_for(member(), [alert()], aware, rhythm, BEGIN + timedelta(hours=4))
    assert news is not None
    assert (news.kind, news.fresh) == ("reminder", ())


_events = st.lists(
    st.tuples(
        st.integers(0, 5),  # which alert
        st.booleans(),  # its breach, or its recovery
        st.integers(0, 600),  # seconds after the event before
    ),
    max_size=25,
)
_severities = st.lists(st.sampled_from(["warning", "critical"]), min_size=6, max_size=6)
_hours = st.none() | st.builds(
    QuietHours, st.builds(time, st.integers(0, 23)), st.builds(time, st.integers(0, 23))
)


@settings(max_examples=150, deadline=None)
@given(_events, _severities, st.lists(_hours, min_size=1, max_size=3))
def test_everybody_learns_of_each_alert_that_is_his_once_as_new_whatever_the_order(
    events: list[tuple[int, bool, int]], severities: list[Severity], hours: list[QuietHours | None]
) -> None:
    everyone = [member(str(number), quiet=quiet) for number, quiet in enumerate(hours)]
    everyone.append(member("critical", severities=frozenset({"critical"})))
    world = _World(everyone)
    for number, is_breach, pause in events:
        world.until(world.now + timedelta(seconds=pause))
        world.hear(str(number), severities[number], is_breach=is_breach)
    world.until(world.now + timedelta(days=2))

    for person in everyone:
        news = world.told[person.staff_id]
        fresh = Counter(alert.key for _, told in news for alert in told.fresh)
        wanted = {one.key for one in world.alerts if one.severity in person.severities}
        assert fresh == dict.fromkeys(wanted, 1)
        assert _ends_known(person, world)
        assert _keeps_the_pause(news)


def _ends_known(person: Member, world: _World) -> bool:
    """Whoever knows of alerts that are all over was told so last."""
    known = [one for one in world.alerts if one.key in world.aware[person.staff_id].told]
    over = bool(known) and all(one.over for one in known)
    return world.aware[person.staff_id].all_clear == over


def _keeps_the_pause(news: list[tuple[datetime, News]]) -> bool:
    """Updates keep their distance; only the first critical alert and the end do not wait."""
    for (before, earlier), (at, later) in itertools.pairwise(news):
        first_critical = any(one.critical for one in later.fresh) and not any(
            one.critical for one in later.known
        )
        begins_anew = earlier.kind in ("over", "recovered")
        if later.fresh and not begins_anew and not first_critical and at - before < RHYTHM.between:
            return False
    return True


class _World:
    """A clock that jumps from look to look, as the timers do."""

    def __init__(self, everyone: list[Member]) -> None:
        self.now = BEGIN
        self.everyone = everyone
        self.alerts: list[Alert] = []
        self.early: dict[str, datetime] = {}
        self.aware = {person.staff_id: Awareness() for person in everyone}
        self.told: dict[str, list[tuple[datetime, News]]] = {person.staff_id: [] for person in everyone}

    def hear(self, name: str, severity: Severity, *, is_breach: bool) -> None:
        """Take in a breach, a recovery, or either of them again; a recovery may come first."""
        at = (self.now - BEGIN).total_seconds()
        known = next((one for one in self.alerts if one.key == name), None)
        if is_breach and known is None:
            ended = self.early.get(name)
            fresh = alert(name, at=at, severity=severity)
            recovery = None if ended is None else Recovery(ended, 1.0, self.now)
            self.alerts.append(replace(fresh, recovery=recovery))
        elif not is_breach and known is None:
            self.early.setdefault(name, self.now)
        elif not is_breach and known is not None and known.recovery is None:
            self.alerts.remove(known)
            self.alerts.append(replace(known, recovery=Recovery(self.now, 1.0, self.now)))

    def until(self, end: datetime) -> None:
        """Let the looks happen that are due before then."""
        while True:
            staff = [(person, self.aware[person.staff_id]) for person in self.everyone]
            look = look_at(staff, self.alerts, RHYTHM)
            if look is None or look > end:
                self.now = end
                return
            self.now = max(self.now, look)
            for person, aware in staff:
                news = news_for(person, self.alerts, aware, RHYTHM, self.now)
                if news is not None:
                    self.told[person.staff_id].append((self.now, news))
                    self.aware[person.staff_id] = learned(aware, news, self.now)

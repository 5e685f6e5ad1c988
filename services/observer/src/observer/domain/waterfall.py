"""The waterfall of a story: each span under the one that caused it, with its wait, and what made the answer slow.

Hosts' clocks differ: what would begin before its cause is moved to it, with all that follows, and marked; so is what
would end after the call that it answers. Nothing is moved without saying so.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from observer.domain.spans import SECOND, StorySpan

ANSWERING = frozenset({"notification", "messaging", "telephony"})
"""Services that bring an answer to a person."""
LISTENING = frozenset({"reporting", "observer"})
"""Services that hear everything: no answer waits for them."""
SHORTEST_PAUSE = 0.05
"""Seconds: a shorter one is the broker's way, and the clocks'."""
Step = Literal["pause", "wait", "work", "vendor", "group", "commit", "publish", "request"]


@dataclass(frozen=True, slots=True)
class Bar:
    """A line of the waterfall; seconds since the story began."""

    span: StorySpan
    depth: int
    offset: float
    seconds: float
    waited: float
    moved: float = 0.0
    """By how many seconds it was moved, because a clock differs."""
    clipped: bool = False
    """Whether it was shortened, because it would end after what it answers."""
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Share:
    """One step on the way to the answer, and how long it took."""

    step: Step
    service: str
    seconds: float
    span_id: str
    vendor: str = ""
    operation: str = ""

    def words(self) -> dict[str, str]:
        """It as a sentence's end: `waited 31 s in ocr's queue`."""
        took = {"de": _seconds(self.seconds, ","), "en": _seconds(self.seconds, ".")}
        german, english = _WORDS[self.step]
        named = {"service": self.service, "vendor": self.vendor, "operation": self.operation}
        return {
            "de": german.format(seconds=took["de"], **named),
            "en": english.format(seconds=took["en"], **named),
        }


@dataclass(frozen=True, slots=True)
class Waterfall:
    """A story drawn."""

    began: int
    seconds: float
    bars: tuple[Bar, ...]
    shares: tuple[Share, ...]
    """The steps of the way to the answer, the longest first."""
    answered: bool
    """Whether somebody was answered; else the way leads to what ended last."""

    def sentence(self) -> dict[str, str]:
        """Why it took as long as it did."""
        if not self.shares:
            return {
                "de": "Von dieser Geschichte ist nichts bekannt.",
                "en": "Nothing is known of this story.",
            }
        way = sum(share.seconds for share in self.shares)
        first = self.shares[0].words()
        what = ("Die Antwort", "The answer") if self.answered else ("Die Geschichte", "The story")
        return {
            "de": f"{what[0]} brauchte {_seconds(way, ',')}: {first['de']}.",
            "en": f"{what[1]} took {_seconds(way, '.')}: {first['en']}.",
        }


def waterfall(spans: Sequence[StorySpan]) -> Waterfall:
    """Draw a story. A span whose cause was not kept stands at the top."""
    known = {span.span_id: span for span in spans}
    children: dict[str | None, list[StorySpan]] = {}
    for span in sorted(known.values(), key=lambda span: (span.began, span.span_id)):
        cause = span.parent_id if span.parent_id in known and span.parent_id != span.span_id else None
        children.setdefault(cause, []).append(span)
    placed = list(_placed(children))
    began = min((bar.offset for bar in placed), default=0.0)
    first = min((span.began for span in spans), default=0)
    last = _answer(placed)
    way = _way(last, known)
    bars = tuple(
        Bar(bar.span, bar.depth, round(bar.offset - began, 6), bar.seconds, bar.waited, bar.moved, bar.clipped,
            bar.span.span_id in way)
        for bar in placed
    )  # fmt: skip
    shares = [
        share
        for span in way.values()
        for share in (*_pause(span, way), *_shares(span, children.get(span.span_id, [])))
    ]
    longest = sorted((share for share in shares if share.seconds > 0), key=lambda share: -share.seconds)
    ends = max((bar.offset + bar.seconds for bar in bars), default=0.0)
    return Waterfall(first, ends, bars, tuple(longest), last is not None and last.service in ANSWERING)


def _placed(children: Mapping[str | None, Sequence[StorySpan]]) -> Iterator[Bar]:
    """The bars, each after its cause; offsets are seconds since the first root's beginning."""
    everything = [span for group in children.values() for span in group]
    base = min((span.began for span in children.get(None) or everything), default=0)
    stack: list[tuple[StorySpan, int, int, StorySpan | None]] = []
    seen: set[str] = set()
    # At last those that cause each other in a circle, and so hang under nothing.
    tops = deque([*children.get(None, ()), *everything])
    while stack or tops:
        if not stack:
            stack.append((tops.popleft(), 0, 0, None))
        span, depth, moved, cause = stack.pop()
        if span.span_id in seen:
            continue
        seen.add(span.span_id)
        if cause is not None and span.began + moved < cause.began:
            moved = cause.began - span.began
        start, end = span.began + moved, span.ended + moved
        clipped = cause is not None and span.kind == "server" and cause.kind == "client" and end > cause.ended
        if clipped and cause is not None:
            end = max(start, cause.ended)
        yield Bar(
            span, depth, (start - base) / SECOND, (end - start) / SECOND, max(0.0, span.measured("waited_s")),
            round(moved / SECOND, 6), clipped,
        )  # fmt: skip
        there = _moved(span, moved)
        stack += [(child, depth + 1, moved, there) for child in reversed(children.get(span.span_id, ()))]


def _moved(span: StorySpan, by: int) -> StorySpan:
    if not by:
        return span
    return StorySpan(
        span.trace_id, span.span_id, span.parent_id, span.service, span.name, span.kind, span.began + by,
        span.ended + by, span.process, span.failed, span.error, span.attributes,
    )  # fmt: skip


def _answer(placed: Sequence[Bar]) -> StorySpan | None:
    """The message whose handling answered the person; else what ended last, but for those who only listen."""
    handled = [bar for bar in placed if bar.span.kind in ("consumer", "server")]
    called = {bar.span.parent_id for bar in placed if bar.span.kind == "client"}
    answers = [bar for bar in handled if bar.span.service in ANSWERING and bar.span.span_id in called]
    others = [bar for bar in handled if bar.span.service not in LISTENING]
    found = answers or others or handled or list(placed)
    return max(found, key=lambda bar: bar.offset + bar.seconds).span if found else None


def _way(last: StorySpan | None, known: Mapping[str, StorySpan]) -> dict[str, StorySpan]:
    """The answer, its cause, the cause of that, and so on, by their ids."""
    way: dict[str, StorySpan] = {}
    while last is not None and last.span_id not in way:
        way[last.span_id] = last
        last = known.get(last.parent_id or "")
    return way


def _pause(span: StorySpan, way: Mapping[str, StorySpan]) -> Iterator[Share]:
    """What lies between the end of the cause and the moment at which this was due: nobody was meant to work then."""
    cause = way.get(span.parent_id or "")
    if cause is not None and span.kind == "consumer":
        due = span.began - int(max(0.0, span.measured("waited_s")) * SECOND)
        if due - cause.ended > SHORTEST_PAUSE * SECOND:
            yield Share("pause", span.service, (due - cause.ended) / SECOND, span.span_id)


def _shares(span: StorySpan, children: Sequence[StorySpan]) -> Iterator[Share]:
    """What of a span's time went where: its wait, its calls, its own work, and what came after the work."""
    calls = [child for child in children if "frontdesk.vendor" in child.attributes]
    for child in calls:
        yield Share(
            "vendor", span.service, child.seconds, child.span_id, str(child.attributes["frontdesk.vendor"]),
            str(child.attributes.get("frontdesk.operation", "")),
        )  # fmt: skip
    called = sum(child.seconds for child in calls)
    if span.kind != "consumer":
        if span.kind == "server":
            yield Share("request", span.service, max(0.0, span.seconds - called), span.span_id)
        return
    yield Share("wait", span.service, span.measured("waited_s"), span.span_id)
    work = span.measured("work_s") if "frontdesk.work_s" in span.attributes else span.seconds
    yield Share("work", span.service, max(0.0, work - called), span.span_id)
    steps: tuple[Literal["group", "commit", "publish"], ...] = ("group", "commit", "publish")
    for step in steps:
        yield Share(step, span.service, span.measured(f"{step}_s"), span.span_id)


def _seconds(seconds: float, point: str) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s".replace(".", point) if seconds < 10 else f"{seconds:.0f} s"


_WORDS: Mapping[Step, tuple[str, str]] = {
    "pause": (
        "{seconds} Pause vor {service} (ein Zeitgeber oder ein neuer Versuch)",
        "paused {seconds} before {service} (a timer, or a new attempt)",
    ),
    "wait": (
        "{seconds} gewartet in der Warteschlange von {service}",
        "waited {seconds} in {service}'s queue",
    ),
    "work": ("{seconds} gearbeitet in {service}", "worked {seconds} in {service}"),
    "vendor": (
        "{seconds} auf {vendor} gewartet ({operation}, für {service})",
        "waited {seconds} for {vendor} ({operation}, for {service})",
    ),
    "group": (
        "{seconds} in {service} auf den gemeinsamen Commit gewartet",
        "waited {seconds} in {service} for the shared commit",
    ),
    "commit": (
        "{seconds} Commit in der Datenbank von {service}",
        "{seconds} to commit in {service}'s database",
    ),
    "publish": ("{seconds} Veröffentlichen aus {service}", "{seconds} to publish from {service}"),
    "request": ("{seconds} Anfrage an {service}", "{seconds} for the request to {service}"),
}

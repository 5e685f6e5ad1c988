"""Advice in words, German and English: what, why, and what is expected of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from observer.domain.forecast import Forecast
from observer.domain.scaling import Because, Decision, Rules


@dataclass(frozen=True, slots=True)
class Texts:
    """The same in both languages."""

    de: str
    en: str


def explain(service: str, current: int, decision: Decision, rules: Rules) -> Texts:
    """One or two sentences that say what is advised and why."""
    if decision.verdict == "hold":
        return _held(service, current, decision, rules)
    assert decision.queue is not None
    assert decision.now is not None
    assert decision.then is not None
    step = decision.replicas - current
    now = max(decision.now.p95, decision.queue.measured or 0.0)
    sign = "+" if step > 0 else "−"
    count = abs(step)
    en = f"{service}: {sign}{count} {'replica' if count == 1 else 'replicas'} → p95 {seconds(now)} → {seconds(decision.then.p95)}"
    de = f"{service}: {sign}{count} {'Replikat' if count == 1 else 'Replikate'} → p95 {sekunden(now)} → {sekunden(decision.then.p95)}"
    band_en = f"expected between {seconds(decision.then.low)} and {seconds(decision.then.high)}"
    band_de = f"erwartet zwischen {sekunden(decision.then.low)} und {sekunden(decision.then.high)}"
    seen = decision.queue.observations
    return Texts(
        de=f"{de} ({band_de}, aus {_tausend(seen)} Nachrichten von {decision.queue.message}; "
        f"Ziel {sekunden(rules.target)}). {_load_de(decision.now)}",
        en=f"{en} ({band_en}, from {seen:,} messages of {decision.queue.message}; target {seconds(rules.target)}). "
        f"{_load_en(decision.now)}",
    )


def seconds(value: float) -> str:
    """A duration in English, with as many digits as are worth reading."""
    if not isfinite(value):
        return "without end"
    if value < 1:
        return f"{value * 1000:.0f} ms"
    if value < 10:
        return f"{value:.1f} s"
    return f"{value:.0f} s" if value < 600 else f"{value / 60:.0f} min"


def sekunden(value: float) -> str:
    """A duration in German."""
    return "ohne Ende" if not isfinite(value) else seconds(value).replace(".", ",")


def _tausend(count: int) -> str:
    return f"{count:,}".replace(",", ".")


def _load_en(now: Forecast) -> str:
    if now.peak >= 1:
        return f"More comes than is done: {now.peak:.0%} of the servers' time would be needed."
    drain = f" What waits is worked off in {seconds(now.drain)}." if now.drain >= 1 else ""
    return f"{now.waiting_share:.0%} of the time is waiting, {now.peak:.0%} of the servers' time is used at the peak.{drain}"


def _load_de(now: Forecast) -> str:
    if now.peak >= 1:
        return f"Es kommt mehr, als abgearbeitet wird: {now.peak * 100:.0f} % der Arbeitszeit wären nötig."
    drain = f" Was wartet, ist in {sekunden(now.drain)} abgearbeitet." if now.drain >= 1 else ""
    return (
        f"{now.waiting_share * 100:.0f} % der Zeit wird gewartet, in der Spitze sind {now.peak * 100:.0f} % der "
        f"Arbeitszeit belegt.{drain}"
    )


def _held(service: str, current: int, decision: Decision, rules: Rules) -> Texts:
    runs_en = f"{service}: {current} {'replica' if current == 1 else 'replicas'}, no change."
    runs_de = f"{service}: {current} {'Replikat' if current == 1 else 'Replikate'}, keine Änderung."
    reason = _REASONS[decision.because]
    now = decision.now
    p95 = max(now.p95, (decision.queue.measured if decision.queue else None) or 0.0) if now else 0.0
    place_en = {
        "p95": seconds(p95),
        "target": seconds(rules.target),
        "detail": decision.detail or "nothing came",
    }
    place_de = {
        "p95": sekunden(p95),
        "target": sekunden(rules.target),
        "detail": decision.detail or "es kam nichts",
    }
    most = {"most": rules.maximum, "least": rules.minimum}
    return Texts(
        de=f"{runs_de} {reason.de.format(**place_de, **most)}",
        en=f"{runs_en} {reason.en.format(**place_en, **most)}",
    )


_REASONS: dict[Because, Texts] = {
    "over_target": Texts("Das Ziel wird verfehlt.", "The target is missed."),
    "spare": Texts("Es ist Luft.", "There is room."),
    "within_target": Texts(
        "p95 {p95}, Ziel {target}; mit weniger wäre der Abstand zum Ziel zu klein, oder eine Änderung ist noch frisch.",
        "p95 {p95}, target {target}; with fewer the distance to the target would be too small, or a change is still fresh.",
    ),
    "noise": Texts(
        "p95 {p95} liegt über dem Ziel von {target}, aber nicht weiter, als Zufall erklärt.",
        "p95 {p95} is above the target of {target}, but no further than chance explains.",
    ),
    "no_evidence": Texts(
        "Zu wenig gemessen, um zu raten: {detail}.", "Too little was measured to advise: {detail}."
    ),
    "just_started": Texts(
        "Der Observer hat gerade erst angefangen zu messen.", "The Observer has only just begun to measure."
    ),
    "settling": Texts(
        "Die letzte Empfehlung wirkt noch nicht lange genug.",
        "The last advice has not been in effect for long enough.",
    ),
    "somebody_else": Texts(
        "Jemand anderes (ein Mensch oder ein anderer Autoscaler) hat um {detail} die Zahl der Replikate geändert; was seither gemessen "
        "wird, ist davon geformt.",
        "Somebody else (a person or another autoscaler) changed the replicas at {detail}; what is measured since is shaped by "
        "that.",
    ),
    "at_maximum": Texts(
        "p95 {p95} liegt über dem Ziel von {target}, aber mehr als {most} Replikate sind nicht erlaubt.",
        "p95 {p95} is above the target of {target}, but more than {most} replicas are not allowed.",
    ),
    "never_enough": Texts(
        "p95 {p95} liegt über dem Ziel von {target}, und mehr Replikate helfen nicht: die Bearbeitung selbst dauert so lange.",
        "p95 {p95} is above the target of {target}, and more replicas do not help: the work itself takes that long.",
    ),
}

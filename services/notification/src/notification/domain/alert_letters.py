"""What the fleet's staff reads: a letter, and the two lines of a push message, in German and English."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from notification.domain.alerts import OBSERVER_SILENT, Alert, Language
from notification.domain.incident import News, NewsKind
from notification.domain.staff import Member

_IN_FULL = 20
"""So many alerts are told with all that is known; of more each has a line."""


@dataclass(frozen=True, slots=True)
class Words:
    """A letter's subject and text; a push message's headline and line."""

    subject: str
    text: str
    headline: str
    line: str


def words_for(member: Member, news: News, *, observer_url: str | None, uncertain: bool) -> Words:
    """Write to a member what is new; `uncertain`: an earlier letter of the thread may not have reached him."""
    language, speech = member.language, _SPEECH[member.language]
    fresh = _newest(news.fresh)
    supplemented = {alert.alert_id for alert in fresh}
    known = [alert for alert in _newest(news.known) if alert.alert_id not in supplemented]
    told = [*fresh, *known]
    first = next((alert for alert in told if alert.critical and not alert.over), told[0])
    of_the_watch = all(alert.threshold == OBSERVER_SILENT for alert in told)
    opening = speech.watching if of_the_watch and news.kind == "recovered" else speech.opening[news.kind]
    parts = [opening.format(count=sum(1 + alert.others for alert in fresh or known))]
    parts += _list(member, fresh, speech.fresh if known else None)
    parts += _list(member, [alert for alert in known if not alert.over], speech.lasting)
    parts += _list(member, [alert for alert in known if alert.over], speech.over)
    if any(alert.threshold == OBSERVER_SILENT and not alert.over for alert in told):
        parts.append(speech.silent)
    if observer_url is not None:
        parts.append(f"{speech.look}: {observer_url}")
    if uncertain:
        parts.append(speech.uncertain)
    summary = first.summary.in_language(language)
    more = f" {speech.more.format(count=len(told) - 1)}" if len(told) > 1 else ""
    word = speech.severity["critical" if news.critical else "warning"]
    return Words(
        subject=f"{word}: {summary}{more}",
        text="\n\n".join(parts) + "\n",
        headline=speech.headline[news.kind].format(severity=word),
        line=speech.watching if opening == speech.watching else f"{summary}{more}",
    )


def trial(language: Language) -> Words:
    """The words of a trial, which is sent on demand."""
    speech = _SPEECH[language]
    return Words(speech.trial, f"{speech.trial_text}\n", speech.trial, speech.trial_text)


@dataclass(frozen=True, slots=True)
class _Speech:
    severity: Mapping[str, str]
    opening: Mapping[NewsKind, str]
    headline: Mapping[NewsKind, str]
    fresh: str
    lasting: str
    over: str
    service: str
    value: str
    since: str
    ended: str
    clock: str
    others: str
    look: str
    more: str
    silent: str
    watching: str
    uncertain: str
    trial: str
    trial_text: str


def _newest(alerts: Iterable[Alert]) -> list[Alert]:
    """Of an alert and its supplements the newest alone, oldest alert first."""
    found: dict[str, Alert] = {}
    for alert in alerts:
        other = found.get(alert.alert_id)
        if other is None or other.update < alert.update:
            found[alert.alert_id] = alert
    return list(found.values())


def _list(member: Member, alerts: list[Alert], title: str | None) -> list[str]:
    if not alerts:
        return []
    full = [_in_full(member, alert) for alert in alerts[:_IN_FULL]]
    short = [f"• {alert.summary.in_language(member.language)}" for alert in alerts[_IN_FULL:]]
    return [*([] if title is None else [f"{title}:"]), *full, *(["\n".join(short)] if short else [])]


def _in_full(member: Member, alert: Alert) -> str:
    speech = _SPEECH[member.language]
    lines = [f"• {alert.summary.in_language(member.language)}"]
    place = ", ".join(part for part in (alert.service, alert.subject) if part)
    if place:
        lines.append(f"{speech.service}: {place}")
    value, limit = (_number(number, member.language) for number in (alert.value, alert.limit))
    unit = "" if alert.unit == "1" else f" {alert.unit}"
    lines.append(speech.value.format(metric=alert.metric, value=value + unit, limit=limit + unit))
    lines.append(f"{speech.since}: {_moment(alert.since, member)}")
    if alert.recovery is not None:
        lines.append(f"{speech.ended}: {_moment(alert.recovery.at, member)}")
    if alert.others:
        lines.append(speech.others.format(count=alert.others))
    lines += [f"– {member_of}" for member_of in alert.members]
    return "\n  ".join(lines)


def _moment(moment: datetime, member: Member) -> str:
    local = moment.astimezone(ZoneInfo(member.time_zone))
    clock = _SPEECH[member.language].clock
    return f"{local.strftime(clock)} ({member.time_zone})"


def _number(number: float, language: Language) -> str:
    text = f"{number:,.0f}" if abs(number) >= 1000 or number == int(number) else f"{number:,.3g}"
    return text.translate(str.maketrans(",.", ".,")) if language == "de" else text


_DE = _Speech(
    severity={"critical": "Kritisch", "warning": "Warnung"},
    opening={
        "opened": "Überschrittene Grenzwerte im Betrieb: {count}.",
        "update": "Es sind weitere Grenzwerte überschritten: {count}.",
        "over": "Grenzwerte waren überschritten und sind es nicht mehr: {count}.",
        "recovered": "Behoben: Alle Werte liegen wieder im Rahmen.",
        "reminder": "Noch nicht behoben: Grenzwerte sind weiterhin überschritten.",
    },
    headline={
        "opened": "{severity}",
        "update": "{severity}: weitere Überschreitungen",
        "over": "Schon vorüber",
        "recovered": "Behoben",
        "reminder": "{severity}: noch nicht behoben",
    },
    fresh="Neu",
    lasting="Weiterhin überschritten",
    over="Inzwischen behoben",
    service="Dienst",
    value="{metric}: {value}, erlaubt: {limit}",
    since="Seit",
    ended="Behoben",
    clock="%d.%m.%Y, %H:%M:%S Uhr",
    others="und {count} weitere",
    look="Ansehen",
    more="(und {count} weitere)",
    silent="""Was zu tun ist: Solange der Observer schweigt, überwacht niemand den Betrieb. Prüfen Sie, ob sein Prozess läuft
(in Kubernetes „kubectl get pods“, auf einer Maschine „frontdesk doctor“), sehen Sie in sein Log, und ob er RabbitMQ und
seine Datenbank erreicht. Sobald er wieder zu hören ist, erhalten Sie Bescheid.""",
    watching="Behoben: Der Observer überwacht den Betrieb wieder.",
    uncertain="Ob Sie eine frühere Nachricht zu diesem Vorfall erreicht hat, ist nicht bekannt; sie wurde nicht wiederholt.",
    trial="Probe: So erreichen Sie Meldungen aus dem Betrieb",
    trial_text="Diese Nachricht ist eine Probe und verlangt nichts von Ihnen. Schöne Grüße.",
)
_EN = _Speech(
    severity={"critical": "Critical", "warning": "Warning"},
    opening={
        "opened": "Thresholds exceeded in the fleet: {count}.",
        "update": "More thresholds are exceeded: {count}.",
        "over": "Thresholds were exceeded, and are no longer: {count}.",
        "recovered": "Recovered: all values are within their limits again.",
        "reminder": "Not mended yet: thresholds are still exceeded.",
    },
    headline={
        "opened": "{severity}",
        "update": "{severity}: more thresholds exceeded",
        "over": "Already over",
        "recovered": "Recovered",
        "reminder": "{severity}: not mended yet",
    },
    fresh="New",
    lasting="Still exceeded",
    over="Recovered meanwhile",
    service="Service",
    value="{metric}: {value}, allowed: {limit}",
    since="Since",
    ended="Recovered",
    clock="%d %b %Y, %H:%M:%S",
    others="and {count} others",
    look="Have a look",
    more="(and {count} more)",
    silent="""What to do: while the Observer is silent, nobody watches the fleet. Look whether its process runs (on Kubernetes
"kubectl get pods", on one machine "frontdesk doctor"), into its log, and whether it reaches RabbitMQ and its database.
You will be told as soon as it is heard again.""",
    watching="Recovered: the Observer watches the fleet again.",
    uncertain="Whether an earlier message about this incident reached you is not known; it was not repeated.",
    trial="Trial: this is how messages from the fleet reach you",
    trial_text="This message is a trial and wants nothing of you.",
)
_SPEECH: Mapping[Language, _Speech] = {"de": _DE, "en": _EN}

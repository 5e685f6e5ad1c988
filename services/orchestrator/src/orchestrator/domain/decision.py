"""Who answers: the AI by itself, the AI as a draft for a human, a human, or nobody. The first reason that fits decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from orchestrator.domain.turn import Draft, LetterNote

Answer = Literal["ai", "draft", "human", "nobody"]
MOST_AGE = timedelta(hours=48)
LEAST_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class Decision:
    """Who answers, and why, in words for people."""

    answer: Answer
    reason: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One routing rule of a tenant; empty lists fit everything."""

    intents: tuple[str, ...]
    channels: tuple[str, ...]
    minimum_confidence: float
    answer: Literal["ai", "draft", "human"]
    hours: Literal["open", "closed"] | None = None

    def fits(self, draft: Draft, channel: str, hours: Literal["open", "closed"] | None) -> bool:
        """Whether the rule is about such a reply; `hours` of None is a company that says no hours."""
        return (
            (not self.intents or draft.intent in self.intents)
            and (not self.channels or channel in self.channels)
            and draft.confidence >= self.minimum_confidence
            and self.hours in {None, hours}
        )


@dataclass(frozen=True, slots=True)
class Brakes:
    """What has left already, and how much may."""

    to_person_today: int
    person_limit: int
    of_tenant_this_hour: int
    tenant_limit: int
    paused: bool
    suspended: bool = False


def may_be_drafted(letters: Sequence[LetterNote], now: datetime) -> Decision:
    """Whether a turn may be answered with the AI's help at all; decided before a model is asked."""
    if all(letter.historic for letter in letters):
        return Decision("nobody", "imported from before the channel was connected: history is never answered")
    if all(letter.automatic for letter in letters):
        return Decision("nobody", "a machine wrote it: machines are not answered")
    if any(letter.automatic for letter in letters):
        return Decision("human", "a machine wrote one of the letters")
    if any(letter.authenticity == "fail" for letter in letters):
        return Decision("human", "the sender could not be verified (SPF, DKIM or DMARC failed)")
    if max(letter.sent_at for letter in letters) < now - MOST_AGE:
        return Decision("human", "the letter is older than 48 hours")
    return Decision("draft", "an enquiry")


def who_answers(
    draft: Draft, channel: str, *, autonomy: Literal["draft", "send"], rules: Sequence[Rule], brakes: Brakes,
    hours: Literal["open", "closed"] | None = None,
) -> Decision:  # fmt: skip
    """Who answers, given what the AI drafted, and whether the company is open now."""
    if brakes.suspended:
        return Decision("draft", "the company is suspended")
    if brakes.paused:
        return Decision("draft", "sending is paused")
    if brakes.to_person_today >= brakes.person_limit:
        return Decision(
            "human", f"{brakes.person_limit} automatic replies to this person within 24 hours are enough"
        )
    if brakes.of_tenant_this_hour >= brakes.tenant_limit:
        return Decision("draft", f"the limit of {brakes.tenant_limit} automatic replies an hour is reached")
    if draft.offline:
        return Decision("draft", "no model could be reached: the reply is a template")
    rule = next((rule for rule in rules if rule.fits(draft, channel, hours)), None)
    if rule is not None:
        while_ = f" while the company is {rule.hours}" if rule.hours is not None else ""
        return Decision(rule.answer, f"the routing rule for intent {draft.intent}{while_} says so")
    if draft.confidence < LEAST_CONFIDENCE:
        return Decision("draft", f"the model is not sure enough ({draft.confidence:.2f})")
    if autonomy == "draft":
        return Decision("draft", "the company wants to see every reply first")
    return Decision("ai", "the company lets the AI answer")

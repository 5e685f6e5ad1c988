"""What every service answers about its dead letters over HTTP (`/internal/dead-letters`), version 1."""

from __future__ import annotations

import base64
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import from_json

State = Literal["dead", "replayed", "dropped"]
MOST_AT_ONCE = 500
"""How many letters one request settles, or one page shows, at most."""

Actor = Annotated[str, Field(min_length=1, max_length=100, description="Who does it.")]
ActionId = Annotated[
    str,
    Field(
        min_length=1, max_length=64, description="What the deed is known by; doing it again changes nothing."
    ),
]
Reason = Annotated[str, Field(min_length=1, max_length=500, description="Why.")]
Rate = Annotated[float, Field(gt=0, le=1000, description="How many letters leave a second, at most.")]
Words = Annotated[str, Field(min_length=1, max_length=200)]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Order(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LetterFilter(_Order):
    """Which dead letters are meant; what is not given fits all."""

    routing_key: Words | None = Field(
        default=None, description="The message's type, such as lead.created.v1."
    )
    error_kind: Words | None = Field(default=None, description="The error's name, such as VendorRejected.")
    error: Words | None = Field(default=None, description="Words that the error's text contains.")
    tenant_id: Words | None = None
    correlation_id: Words | None = Field(default=None, description="The story that the message belongs to.")
    message_id: Words | None = None
    letter_id: Words | None = Field(default=None, description="The dead letter's own id.")
    state: State | Literal["any"] = "dead"
    died_after: AwareDatetime | None = Field(default=None, description="Died at this moment or later.")
    died_before: AwareDatetime | None = Field(default=None, description="Died before this moment.")


class LetterLine(_Document):
    """A dead letter without its body, which may hold personal data."""

    service: str = Field(description="Whose hearing failed.")
    id: str
    message_id: str
    routing_key: str
    queue: str
    tenant_id: str | None
    correlation_id: str | None
    error_kind: str
    error: str
    attempts: int
    state: State
    note: str | None = Field(description="Why it was dropped.")
    died_at: datetime
    settled_at: datetime | None
    settled_by: str | None
    settled_in: str | None = Field(description="The deed that settled it.")
    mends: int = Field(description="How often its body was mended.")


class Mend(_Document):
    """A body that somebody put in the place of the one before."""

    number: int
    mended_by: str
    mended_at: datetime
    reason: str | None
    forced: bool = Field(description="It does not fit its class, and was taken all the same.")
    body: JsonValue


class LetterShown(LetterLine):
    """A dead letter with all that there is of it."""

    headers: dict[str, str]
    body: JsonValue = Field(description="As it died; see `encoding`.")
    encoding: Literal["json", "base64"] = Field(
        description="What `body` is: a body that is no JSON is shown as base64."
    )
    mended: list[Mend] = Field(description="Oldest first; the last one is what a replay sends.")
    leaves_at: datetime | None = Field(
        description="When the replay sends it; none when it has left or was not replayed."
    )
    earlier: list[LetterLine] = Field(description="Deaths of the same message before this one, newest first.")


class LetterPage(_Document):
    """Dead letters, newest first; ask again with `cursor` = `next`."""

    letters: list[LetterLine]
    next: str | None = None


class LetterCount(_Document):
    """How many letters of one type died of one kind of error."""

    service: str
    routing_key: str
    error_kind: str
    letters: int
    oldest: datetime
    newest: datetime


class LetterCounts(_Document):
    """An overview of the dead letters."""

    counts: list[LetterCount]


class MendOrder(_Order):
    """A new body for a dead letter; it stays dead until it is replayed."""

    by: Actor
    body: JsonValue
    reason: Reason | None = None
    force: bool = Field(default=False, description="Take it although it does not fit its message's class.")
    after: int | None = Field(
        default=None,
        ge=0,
        description="How many mends there were when it was read: refused when there is another one.",
    )


class _Settle(_Order):
    by: Actor
    action: ActionId


class ReplayOrder(_Settle):
    """Send one dead letter to its hearer again, at once."""


class DropOrder(_Settle):
    """Give one dead letter up."""

    reason: Reason


class _Many(_Settle):
    ids: tuple[str, ...] | None = Field(default=None, max_length=MOST_AT_ONCE)
    filter: LetterFilter | None = None
    limit: int = Field(default=MOST_AT_ONCE, ge=1, le=MOST_AT_ONCE)

    @model_validator(mode="after")
    def _which(self) -> Self:
        if (self.ids is None) is (self.filter is None):
            raise ValueError("say which: either ids or a filter")
        return self


class ReplayManyOrder(_Many):
    """Send dead letters to their hearers again, one after the other."""

    rate: Rate
    starts_at: AwareDatetime | None = Field(
        default=None, description="When the first leaves; now unless given."
    )


class DropManyOrder(_Many):
    """Give dead letters up."""

    reason: Reason


class Settled(_Document):
    """What became of an order of many."""

    letters: int = Field(description="How many it settled now.")
    more: bool = Field(description="There may be more that fit: give the order again.")
    next_at: datetime | None = Field(default=None, description="When the next letter may leave at this rate.")


class Progress(_Document):
    """How far a deed has come in one service."""

    replayed: int = Field(description="All letters that it sends, or has sent.")
    waiting: int = Field(description="Of these, how many have not left yet.")
    dropped: int
    last_at: datetime | None = Field(default=None, description="When the last of those that wait leaves.")


class TakenBack(_Document):
    """What cancelling a replay came to."""

    taken_back: int = Field(description="They are dead again, as before.")
    left: int = Field(description="They had left, or were about to.")


Verb = Literal["show", "mend", "replay", "drop", "cancel"]
Way = Literal["api", "command"]


class Deed(_Document):
    """What somebody did at the desk: a line of its audit, written before it is done."""

    id: str = Field(description="The letters that it settled bear it as `settled_in`.")
    verb: Verb
    actor: str
    way: Way = Field(description="Over the API, or by the command while the fleet was down.")
    service: str | None = Field(
        default=None, description="Of the letter, or where it was to be done; none: everywhere."
    )
    letters: list[str] = Field(default_factory=list, description="Ids, when they were named.")
    filter: LetterFilter | None = None
    reason: str | None = None
    rate: float | None = Field(default=None, description="Letters a second.")
    began_at: datetime
    ended_at: datetime | None = Field(
        default=None, description="None: it is under way, or nobody knows what became of it."
    )
    result: dict[str, JsonValue] | None = None


class DeedPage(_Document):
    """The audit, newest first; ask again with `before` = `next`."""

    deeds: list[Deed]
    next: str | None = None


class NoCursor(ValueError):
    """A cursor is not one that a page before has named."""


def cursor_of(line: LetterLine) -> str:
    """The place after a line: the same in every service, so that pages of several can be merged."""
    return urlsafe_b64encode(f"{line.died_at.isoformat()} {line.id}".encode()).decode().rstrip("=")


def place_of(cursor: str) -> tuple[datetime, str]:
    """The place that a cursor names. Raises `NoCursor`."""
    try:
        moment, _, letter_id = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(" ")
        place = datetime.fromisoformat(moment)
    except ValueError as error:
        raise NoCursor("the cursor is none that a page has named: begin without one") from error
    if place.tzinfo is None:
        raise NoCursor("the cursor is none that a page has named: begin without one")
    return place, letter_id


def shown_body(body: bytes) -> tuple[JsonValue, Literal["json", "base64"]]:
    """A body as a document shows it."""
    try:
        found: JsonValue = from_json(body)
    except ValueError:
        return base64.b64encode(body).decode(), "base64"
    return found, "json"

"""What people and services can ask notification: the letters of a company, and the staff who are told of alerts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time
from typing import Annotated, Any, Literal, Protocol, Self
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from chassis import Session, Units
from chassis.http import Problem, tenant_of
from notification.application.alert_ports import FLEET, Notices, PushService, SubscriptionUnusable
from notification.application.keep_staff import (
    AddressTaken,
    KeepStaff,
    KeptBySettings,
    NoSuchMember,
    PushKeys,
)
from notification.domain.letter import UnusableAddress
from notification.domain.staff import Member, QuietHours


class OutgoingEmail(BaseModel):
    """One letter, as far as notification knows; its text is in the blob store."""

    model_config = ConfigDict(from_attributes=True)

    lead_id: str
    turn: int
    purpose: str
    recipients: list[str]
    subject: str
    message_id: str
    state: str = Field(description="held, sending, sent, uncertain or failed.")
    reason: str | None
    raw: dict[str, Any] | None = Field(description="Where the letter is kept as it was sent.")
    created_at: datetime
    handed_over_at: datetime | None
    settled_at: datetime | None


class Letters(Protocol):
    """Where the letters are found."""

    async def of_lead(self, session: Session, lead_id: str | None, *, limit: int) -> Sequence[object]: ...


def of_companies(units: Units, letters: Letters) -> APIRouter:
    """What became of letters."""
    router = APIRouter(prefix="/api/v1", tags=["outgoing mail"])

    @router.get("/outgoing", summary="The letters of a lead, newest first; without a lead, of all")
    async def outgoing(
        tenant_id: Annotated[str, Depends(tenant_of)],
        lead_id: Annotated[str | None, Query()] = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> list[OutgoingEmail]:
        async with units.reading(tenant_id) as session:
            found = await letters.of_lead(session, lead_id, limit=limit)
            return [OutgoingEmail.model_validate(letter) for letter in found]

    return router


class StaffFields(BaseModel):
    """What is said of somebody who is told."""

    model_config = ConfigDict(extra="forbid")

    email: str = Field(max_length=254)
    language: Literal["de", "en"] = "de"
    time_zone: str = "Europe/Berlin"
    severities: frozenset[Literal["warning", "critical"]] = Field(
        default=frozenset({"warning", "critical"}), min_length=1
    )
    quiet_from: time | None = Field(default=None, description="From when on only what is critical is told.")
    quiet_until: time | None = Field(default=None, description="Until when; may be on the next day.")
    mail: bool = True
    push: bool = Field(default=True, description="To the browsers that were registered.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("there is no such time zone; write it as Europe/Berlin")
        return name

    @field_validator("quiet_from", "quiet_until")
    @classmethod
    def _by_the_wall_clock(cls, moment: time | None) -> time | None:
        if moment is not None and moment.tzinfo is not None:
            raise ValueError("is a time of the member's own clock, such as 22:00, without a zone")
        return moment

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None) or (
            self.quiet_from is not None and self.quiet_from == self.quiet_until
        ):
            raise ValueError("quiet_from and quiet_until belong together, and are two times")
        return self

    def member(self, staff_id: str = "") -> Member:
        """As a member of staff."""
        quiet = None
        if self.quiet_from is not None and self.quiet_until is not None:
            quiet = QuietHours(self.quiet_from, self.quiet_until)
        return Member(
            staff_id, self.email, self.language, self.time_zone, self.severities, datetime.now(UTC), quiet,
            mail=self.mail, push=self.push,
        )  # fmt: skip


class StaffMember(StaffFields):
    """Somebody who is told."""

    staff_id: str

    @classmethod
    def of(cls, member: Member) -> StaffMember:
        """As it is shown."""
        quiet = member.quiet
        return cls(
            staff_id=member.staff_id, email=member.email, language=member.language, time_zone=member.time_zone,
            severities=member.severities, mail=member.mail, push=member.push,
            quiet_from=None if quiet is None else quiet.begin, quiet_until=None if quiet is None else quiet.end,
        )  # fmt: skip


class _Keys(BaseModel):
    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)


class NewSubscription(BaseModel):
    """A subscription as `PushSubscription.toJSON()` gives it to a page."""

    endpoint: str = Field(max_length=2000)
    keys: _Keys
    device: str = Field(default="", max_length=80, description="What its owner calls it, such as „Telefon“.")


class ShownSubscription(BaseModel):
    """A browser that shows push messages; its endpoint and keys are told to nobody."""

    model_config = ConfigDict(from_attributes=True)

    subscription_id: str
    device: str
    created_at: datetime


class ShownDelivery(BaseModel):
    """What became of a notice on one way."""

    model_config = ConfigDict(from_attributes=True)

    way: str = Field(description="mail, or push: and the id of a subscription.")
    state: str = Field(description="waiting, handing_over, sent, uncertain, failed or gone.")
    reason: str | None
    at: datetime


class ShownNotice(BaseModel):
    """What a member of staff was told."""

    model_config = ConfigDict(from_attributes=True)

    notice_id: str
    thread: str = Field(description="The incident that it belongs to.")
    staff_id: str
    kind: str = Field(description="opened, update, over, recovered, reminder or trial.")
    critical: bool
    subject: str
    text: str
    created_at: datetime
    deliveries: list[ShownDelivery] = []


class Made(BaseModel):
    """The id of what was made."""

    id: str


class PushKey(BaseModel):
    """What a page gives its browser to subscribe: `applicationServerKey`."""

    public_key: str


def of_the_fleet(keep: KeepStaff, push: PushService, units: Units, notices: Notices) -> APIRouter:
    """Who is told of alerts, by which browsers, and what became of what he was told."""
    router = APIRouter(prefix="/api/v1/fleet", tags=["staff"])

    @router.get("/staff", summary="Who is told of alerts")
    async def staff() -> list[StaffMember]:
        return [StaffMember.of(member) for member in await keep.all()]

    @router.post("/staff", status_code=201, summary="Tell somebody of alerts from now on")
    async def add(fields: StaffFields) -> StaffMember:
        with _told():
            return StaffMember.of(await keep.add(fields.member()))

    @router.put("/staff/{staff_id}", summary="Change what somebody is told")
    async def change(staff_id: str, fields: StaffFields) -> StaffMember:
        with _told():
            return StaffMember.of(await keep.change(fields.member(staff_id)))

    @router.delete("/staff/{staff_id}", status_code=204, summary="Tell somebody nothing any more")
    async def remove(staff_id: str) -> Response:
        with _told():
            await keep.remove(staff_id)
        return Response(status_code=204)

    @router.post("/staff/{staff_id}/trial", status_code=202, summary="Send a trial by all of the ways")
    async def try_out(staff_id: str) -> Made:
        with _told():
            return Made(id=await keep.try_out(staff_id))

    _browsers(router, keep)

    @router.get("/push-key", summary="The key that a page's browser subscribes with")
    async def push_key() -> PushKey:
        return PushKey(public_key=await push.public_key())

    @router.get("/notices", summary="What was told, newest first, and what became of it")
    async def told(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> list[ShownNotice]:
        async with units.reading(FLEET) as session:
            found = await notices.newest(session, limit)
        shown: list[ShownNotice] = []
        for notice, deliveries in found:
            one = ShownNotice.model_validate(notice)
            shown.append(
                one.model_copy(update={"deliveries": [ShownDelivery.model_validate(d) for d in deliveries]})
            )
        return shown

    @router.get("/notices/{notice_id}", summary="What became of one notice")
    async def outcome(notice_id: str) -> list[ShownDelivery]:
        async with units.reading(FLEET) as session:
            return [ShownDelivery.model_validate(d) for d in await notices.deliveries(session, notice_id)]

    return router


def _browsers(router: APIRouter, keep: KeepStaff) -> None:
    path = "/staff/{staff_id}/push-subscriptions"

    @router.post(path, status_code=201, summary="Register a browser for push messages")
    async def subscribe(staff_id: str, made: NewSubscription) -> Made:
        keys = PushKeys(made.endpoint, made.keys.p256dh, made.keys.auth, made.device)
        with _told():
            return Made(id=await keep.subscribe(staff_id, keys))

    @router.get(path, summary="The browsers of a member of staff")
    async def subscriptions(staff_id: str) -> list[ShownSubscription]:
        with _told():
            return [ShownSubscription.model_validate(one) for one in await keep.subscriptions(staff_id)]

    @router.delete(path + "/{subscription_id}", status_code=204, summary="Forget a browser")
    async def unsubscribe(staff_id: str, subscription_id: str) -> Response:
        if not await keep.unsubscribe(staff_id, subscription_id):
            raise Problem(404, "Not found", "this member of staff has no such subscription")
        return Response(status_code=204)


@contextmanager
def _told() -> Iterator[None]:
    """What went wrong, as an answer."""
    try:
        yield
    except NoSuchMember:
        raise Problem(404, "Not found", "there is no such member of staff") from None
    except AddressTaken:
        raise Problem(409, "Address taken", "another member of staff has this address") from None
    except KeptBySettings:
        words = (
            "this member is named by NOTIFICATION_STAFF_EMAIL: change it there, or add the address by itself"
        )
        raise Problem(409, "Kept by the settings", words) from None
    except (UnusableAddress, SubscriptionUnusable) as error:
        raise Problem(422, "Invalid request", str(error)) from error

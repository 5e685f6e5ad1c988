"""What the agent reads when something went wrong, and what is shown when nobody can tell him."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import get_args

import pytest
from pydantic import JsonValue

from contracts.envelope import Envelope
from contracts.tenants.http_v1 import TenantProfile
from notification.application.ports import AccountUnusable, Parcel, Receipt
from notification.application.tell_agent import NoticeDue, Post, TellAgent, about
from notification.domain import brake
from notification.domain.notices import Language, NoticeKind, notice
from testkit.tenancy import profile

DUE = NoticeDue(
    lead_id="l1",
    kind="failed",
    key="failed:l1:1:reply",
    about="„Re: Wohnung“ → anna@example.org",
    detail="550",
)


@dataclass
class Server:
    """A mail server of a test: keeps what it is given, or refuses the login."""

    usable: bool = True
    taken: list[Parcel] = field(default_factory=list)

    async def send(
        self, tenant_id: str, parcel: Parcel, before_data: Callable[[], Awaitable[None]]
    ) -> Receipt:
        if not self.usable:
            raise AccountUnusable("535")
        await before_data()
        self.taken.append(parcel)
        return Receipt(datetime.now(UTC))

    async def ask_after(self, tenant_id: str, message_id: str) -> Mapping[str, JsonValue] | None:
        return None


class Unit:
    """A unit of work that does every effect."""

    tenant_id = "muster"
    envelope = Envelope("1", "x.y.v1", "test", "lead/l1", datetime.now(UTC), "muster", "story")
    attempt = 1

    async def effect(
        self, key: str, *, look_up: Callable[[], Awaitable[Mapping[str, JsonValue] | None]],
        call: Callable[[], Awaitable[Mapping[str, JsonValue]]],
    ) -> Mapping[str, JsonValue]:  # fmt: skip
        return await call()


class Profiles:
    """One tenant."""

    async def profile(self, tenant_id: str) -> TenantProfile:
        return profile(tenant_id, language="en")


def teller(own: Server, fleet: Server | None) -> TellAgent:
    post = None if fleet is None else Post(fleet, "Betrieb", "post@betrieb.test")
    return TellAgent(
        profiles=Profiles(), mailer=own, fleet=post, records=None, transactions=None,  # pyright: ignore[reportArgumentType] — not used
        mint=lambda tenant_id, key, domain: f"<1@{domain}>",
    )  # fmt: skip


async def test_the_companys_own_server_carries_a_notice_first() -> None:
    own, fleet = Server(), Server()
    assert await teller(own, fleet)(DUE, Unit())
    assert (len(own.taken), len(fleet.taken)) == (1, 0)
    assert own.taken[0].recipients == ("agent@muster.test",)


async def test_the_fleets_server_carries_what_the_companys_own_does_not() -> None:
    own, fleet = Server(usable=False), Server()
    assert await teller(own, fleet)(DUE, Unit())
    message = message_from_bytes(fleet.taken[0].raw, policy=policy.default)
    assert message["From"] == "Betrieb <post@betrieb.test>"
    assert message["Auto-Submitted"] == "auto-generated"


async def test_a_refused_login_is_not_told_through_the_server_that_refuses() -> None:
    own, fleet = Server(), Server()
    await teller(own, fleet)(DUE.model_copy(update={"kind": "smtp_login"}), Unit())
    assert (len(own.taken), len(fleet.taken)) == (0, 1)


async def test_a_notice_that_nobody_carries_is_shown_until_one_is_carried() -> None:
    own = Server(usable=False)
    tell = teller(own, None)
    assert not await tell(DUE, Unit())
    [shown] = tell.notes()
    assert "muster" in shown
    assert "NOTIFICATION_FLEET_SMTP_HOST" in shown
    assert "anna@example.org" not in shown
    own.usable = True
    assert await tell(DUE, Unit())
    assert tell.notes() == []


@pytest.mark.parametrize("kind", get_args(NoticeKind))
@pytest.mark.parametrize("language", get_args(Language))
def test_every_notice_is_there_in_both_languages_and_names_no_software(
    kind: NoticeKind, language: Language
) -> None:
    words = notice(
        kind, language, company="Muster {GmbH}", about=about("Re: {x}", ("a@b.test",)), detail="535 {no}"
    )
    assert words.subject
    assert "frontdesk" not in (words.subject + words.text).lower()
    assert "{company}" not in words.text
    assert words.text.startswith("Guten Tag" if language == "de" else "Hello")


def test_the_fleets_pause_holds_everything_and_the_limit_only_automatic_replies() -> None:
    assert brake.held_by(tenant_paused=False, fleet_paused=True) == "fleet_paused"
    assert brake.held_by(tenant_paused=False, fleet_paused=False) is None
    assert brake.held_by(tenant_paused=True, fleet_paused=True, suspended=True) == "suspended"
    assert brake.counts(purpose="reply", automatic=True)
    assert not brake.counts(purpose="reply", automatic=False)
    assert not brake.counts(purpose="handover", automatic=True)

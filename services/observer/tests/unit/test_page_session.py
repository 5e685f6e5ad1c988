"""The page's session: sealed, for a time, for whoever holds the key; and nobody is led elsewhere after the log-in."""

from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import pytest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response

from chassis.keyring import KeyRing
from observer.application.sign_in_operator import Person, SignInOperator
from observer.domain.operator import READ, WRITE, Operator
from observer.entrypoints.page.session import COOKIE, Sessions, from_our_own_page, safe_way_back

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
KEY, OTHER_KEY = (
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=",
)
ERIKA = Operator("user:1", "erika@müßig.test", frozenset({READ, WRITE}), "s1", NOW + timedelta(hours=8))


class People:
    """Tenancy, as the port has it."""

    over: frozenset[str] = frozenset()

    async def sign_in(self, email: str, password: str, address: str | None) -> Person:
        raise NotImplementedError

    async def ended(self, session_id: str) -> bool:
        return session_id in self.over


def sessions(key: str = KEY, *, now: datetime = NOW, over: frozenset[str] = frozenset()) -> Sessions:
    people = People()
    people.over = over
    return Sessions(KeyRing.from_secret(SecretStr(key)), SignInOperator(people, lambda _: False, lambda: now))


def cookie(operator: Operator = ERIKA, *, secure: bool = False) -> str:
    answer = Response()
    sessions().begin(answer, operator, secure=secure)
    return SimpleCookie(answer.headers["set-cookie"])[COOKIE].value


def asked(*, box: str = "", **headers: str) -> Request:
    given = {"host": "observer.test", **({"cookie": f"{COOKIE}={box}"} if box else {}), **headers}
    raw = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in given.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


async def test_the_session_is_opened_as_it_was_sealed() -> None:
    assert await sessions().operator(asked(box=cookie())) == ERIKA


async def test_a_session_that_was_changed_or_sealed_by_another_key_is_none() -> None:
    box = cookie()
    middle = len(box) // 2
    changed = box[:middle] + ("A" if box[middle] != "A" else "B") + box[middle + 1 :]

    assert await sessions().operator(asked(box=changed)) is None
    assert await sessions(OTHER_KEY).operator(asked(box=box)) is None
    assert await sessions().operator(asked(box="nonsense")) is None
    assert await sessions().operator(asked()) is None


async def test_what_is_sealed_for_another_purpose_is_no_session() -> None:
    box = KeyRing.from_secret(SecretStr(KEY)).seal(b"{}", "something else")

    assert await sessions().operator(asked(box=box)) is None


async def test_a_session_ends_after_its_day_and_when_tenancy_says_so() -> None:
    box = cookie()

    assert await sessions(now=NOW + timedelta(hours=7)).operator(asked(box=box)) == ERIKA
    assert await sessions(now=NOW + timedelta(hours=8)).operator(asked(box=box)) is None
    assert await sessions(over=frozenset({"s1"})).operator(asked(box=box)) is None


@pytest.mark.parametrize(
    "place",
    ["//evil.test", "/\\evil.test", "https://evil.test/", "javascript:alert(1)", "evil.test", "", "/\t/evil.test",
     "/a\r\nSet-Cookie: x=y", " /page"],
)  # fmt: skip
def test_nobody_is_led_elsewhere_after_the_log_in(place: str) -> None:
    assert safe_way_back(place) == "/"


@pytest.mark.parametrize("place", ["/", "/page/stories?which=slow", "/page/stories/lead/m%C3%BC"])
def test_a_place_on_the_page_is_led_back_to(place: str) -> None:
    assert safe_way_back(place) == place


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True), ({"origin": "https://observer.test"}, True), ({"sec_fetch_site": "same-origin"}, True),
        ({"origin": "https://evil.test"}, False), ({"origin": "null"}, False), ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
    ],
)  # fmt: skip
def test_a_form_is_taken_from_our_own_page_alone(headers: dict[str, str], ours: bool) -> None:
    assert from_our_own_page(asked(**headers)) is ours

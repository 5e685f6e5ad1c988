from __future__ import annotations

from gateway.domain.balance import Address, Balance

A, B = "http://a", "http://b"


def picked(balance: Balance, now: float = 0.0) -> Address:
    found = balance.pick(now)
    assert found is not None
    return found


def fail(balance: Balance, url: str, now: float, times: int = 1) -> None:
    for _ in range(times):
        Balance.failed(next(one for one in balance.addresses if one.url == url), now)


def test_the_address_with_the_fewest_requests_in_flight_is_asked_and_equals_take_turns() -> None:
    balance = Balance([A, B])
    assert {picked(balance).url, picked(balance).url} == {A, B}

    balance.addresses[0].in_flight = 2
    balance.addresses[1].in_flight = 1
    assert [picked(balance).url for _ in range(3)] == [B, B, B]


def test_three_failures_in_a_row_put_an_address_out_and_one_request_at_a_time_finds_out() -> None:
    balance = Balance([A, B])
    fail(balance, A, 0.0, times=2)
    assert {picked(balance).url for _ in range(2)} == {A, B}
    fail(balance, A, 0.0)
    assert {picked(balance, 0.9).url for _ in range(4)} == {B}
    assert balance.out(0.9) == [A]

    assert {picked(balance, 1.1).url for _ in range(2)} == {A, B}
    balance.addresses[0].in_flight = 1
    balance.addresses[1].in_flight = 9
    assert picked(balance, 1.1).url == B

    fail(balance, A, 1.1)
    assert balance.out(3.0) == [A]
    assert balance.out(3.2) == []


def test_an_answer_makes_an_address_well_again() -> None:
    balance = Balance([A, B])
    fail(balance, A, 0.0, times=3)
    Balance.succeeded(balance.addresses[0])
    fail(balance, A, 0.0, times=2)

    assert balance.out(0.0) == []


def test_the_pause_is_never_longer_than_half_a_minute() -> None:
    balance = Balance([A, B])
    fail(balance, A, 0.0, times=40)

    assert balance.out(29.9) == [A]
    assert balance.out(30.1) == []


def test_when_all_are_out_the_one_that_is_back_first_is_asked() -> None:
    balance = Balance([A, B])
    fail(balance, A, 0.0, times=4)
    fail(balance, B, 0.0, times=3)

    assert picked(balance, 0.5).url == B
    assert balance.pick(0.5, {A, B}) is None


def test_an_address_that_stays_keeps_what_is_known_of_it() -> None:
    balance = Balance([A, B])
    fail(balance, A, 0.0, times=3)
    balance.use([A, "http://c"])

    assert [one.url for one in balance.addresses] == [A, "http://c"]
    assert balance.out(0.5) == [A]

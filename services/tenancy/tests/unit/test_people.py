from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenancy.domain.attempts import OF_AN_ACCOUNT, Attempts
from tenancy.domain.email import NoAddress, account_of, for_people
from tenancy.domain.passwords import normal, password_flaws
from tenancy.domain.permissions import FLEET, PERSONAL, SCOPES, for_programs, may_give, roles_in
from tenancy.domain.tokens import API_KEY, REFRESH, new_token, read_token

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("Anna.Gross@Muster.TEST", "anna.gross@muster.test"),
        ("  anna@müßig-söhne.at ", "anna@xn--mig-shne-qya8u7b.at"),
        ("anna@MÜSSIG.at", "anna@xn--mssig-kva.at"),
        ("anna+leads@xn--mssig-kva.at", "anna+leads@xn--mssig-kva.at"),
    ],
)
def test_an_address_names_an_account_in_one_form(written: str, account: str) -> None:
    assert account_of(written) == account
    assert account_of(for_people(account)) == account


@pytest.mark.parametrize(
    "text", ["", "anna", "@b.test", "anna@", "anna@b", "änna@b.test", "a b@c.test", "a..b@c.test", "anna@b..test",
             "anna@[1.2.3.4]", "anna@b.test, bert@b.test", "a@b.test\nBcc: c@d.test", f"{'a' * 65}@b.test", "a@-b.test", "a\x00@b.test"],
)  # fmt: skip
def test_what_is_no_address_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(NoAddress) as refused:
        account_of(text)
    assert not text or text not in str(refused.value)


@given(st.text())
def test_any_text_is_an_account_or_no_address(text: str) -> None:
    try:
        account = account_of(text)
    except NoAddress:
        return
    assert account.isascii()
    assert account_of(account) == account


def test_the_same_characters_typed_otherwise_are_the_same_password() -> None:
    assert normal("Blumento\u0308pfe") == normal("Blument\u00f6pfe")


@pytest.mark.parametrize("password", ["drei gelbe Blumentöpfe", "xK9!mmQ2#pLw", "anrufen bei Tante Käthe"])
def test_a_long_password_of_ones_own_is_good(password: str) -> None:
    assert list(password_flaws(password, "ann@muster.test")) == []


def test_waits_double_up_to_a_quarter_of_an_hour_and_are_forgotten_after_a_day() -> None:
    attempts: Attempts | None = None
    moment, waits = NOW, list[float]()
    for _ in range(13):
        attempts = OF_AN_ACCOUNT.after(attempts, moment)
        wait = attempts.wait(moment) or timedelta()
        waits.append(wait.total_seconds())
        moment += wait
    assert waits == [0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900, 900]
    assert OF_AN_ACCOUNT.after(attempts, moment + timedelta(hours=24)).count == 1


def test_a_token_is_read_back_as_it_was_handed_out_and_as_nothing_else() -> None:
    token = new_token(API_KEY, "a-company-1", "0198c7a2-0000-7000-8000-000000000000")
    assert read_token(API_KEY, str(token)) == token
    assert read_token(REFRESH, str(token)) is None
    assert token.secret not in repr(token)
    assert token.fits(token.hash)
    assert not token.fits(new_token(API_KEY, "a-company-1", token.row_id).hash)


@given(st.text(), st.sampled_from(["fdk_", "fdr_a_", ""]))
def test_any_text_is_read_without_a_stumble(text: str, beginning: str) -> None:
    assert read_token(API_KEY, beginning + text) is None


def test_each_role_has_more_than_the_one_below_and_only_the_fleets_own_reach_the_fleet() -> None:
    assert SCOPES["agent"] < SCOPES["tenant_admin"] < SCOPES["super_admin"]
    assert SCOPES["super_admin"] - SCOPES["tenant_admin"] == {"fleet:read", "fleet:write"}
    assert not {
        scope for scope in SCOPES["agent"] if scope.partition(":")[0] in {"users", "credentials", "api-keys"}
    }
    assert roles_in(FLEET) == ("super_admin",)
    assert "super_admin" not in roles_in("a-company")


def test_nobody_gives_more_than_he_has_and_no_program_makes_people() -> None:
    assert may_give(None, "super_admin")
    assert may_give(SCOPES["tenant_admin"], "tenant_admin")
    assert not may_give(SCOPES["tenant_admin"], "super_admin")
    assert not may_give(SCOPES["agent"], "tenant_admin")
    assert not may_give(for_programs() - {"files:write"}, "agent")
    assert not for_programs() & (PERSONAL | {"users:write", "api-keys:write", "fleet:read", "fleet:write"})

from __future__ import annotations

from dataclasses import replace

import pytest

from tenancy.adapters.places import GuardedPlaces
from tenancy.domain.credentials import FORMS, credential_flaws
from tenancy.domain.tenant import RoutingRule, Tenant, Texts, tenant_flaws
from vendorkit import Guard

PLACES = GuardedPlaces(Guard())
WORDS = Texts("Ihr Team", "Muster GmbH", "Eine KI schrieb dies.")
TENANT = Tenant(
    "muster", "Muster", "office@muster.test", "Muster", "agent@muster.test", {"de": WORDS, "en": WORDS}
)


def test_a_sound_tenant_has_no_flaws() -> None:
    assert list(tenant_flaws(TENANT)) == []


def test_all_flaws_are_told_at_once() -> None:
    broken = replace(
        TENANT, name=" ", mailbox="x", time_zone="../etc/passwd", texts={"de": WORDS}, filename_template="{a"
    )

    assert [flaw.field for flaw in tenant_flaws(broken)] == [
        "name", "mailbox", "time_zone", "texts/en", "filename_template",
    ]  # fmt: skip


def test_drafts_are_never_mailed_to_the_mailbox_that_letters_come_in_by() -> None:
    broken = replace(TENANT, agent_email="Office@Muster.test")

    assert [flaw.field for flaw in tenant_flaws(broken)] == ["agent_email"]


def test_an_address_with_an_umlaut_before_the_at_is_refused_for_no_mail_server_would_send_with_it() -> None:
    assert [flaw.field for flaw in tenant_flaws(replace(TENANT, mailbox="büro@muster.test"))] == ["mailbox"]
    assert list(tenant_flaws(replace(TENANT, mailbox="buero@müster.test"))) == []


def test_a_change_is_told_by_field_and_the_version_does_not_count() -> None:
    changed = replace(TENANT, version=7, paused=True, rules=(RoutingRule("human"),))

    assert TENANT.changes(changed) == ("rules", "paused")


@pytest.mark.parametrize("name", sorted(FORMS))
def test_an_empty_credential_is_told_what_it_lacks(name: str) -> None:
    needed = {f"{name}/{key}" for key, check in FORMS[name].items() if not check.optional}

    assert {flaw.field for flaw in credential_flaws(name, {}, name, PLACES)} == needed


@pytest.mark.parametrize("token", ["a-token\n", "tökén", "a token", "\ta-token"])
def test_a_token_that_no_request_could_carry_is_refused(token: str) -> None:
    values = {"base_url": "https://muster.weclapp.test", "token": token}

    flaws = list(credential_flaws("weclapp", values, "weclapp", PLACES))
    assert [flaw.field for flaw in flaws] == ["weclapp/token"]
    assert token not in flaws[0].message


def test_a_certificate_has_lines_and_nothing_else_has() -> None:
    imap = {"host": "mail.test", "port": "993", "username": "ö", "password": "ge heim", "security": "tls"}
    sound = {**imap, "authserv_id": "mail.test", "ca_pem": "-----BEGIN CERTIFICATE-----\nMII\n"}

    assert list(credential_flaws("imap", sound, "imap", PLACES)) == []
    assert [
        flaw.field for flaw in credential_flaws("imap", {**sound, "password": "geheim\n"}, "imap", PLACES)
    ] == ["imap/password"]


def test_a_flaw_of_a_credential_never_shows_its_value() -> None:
    flaws = list(
        credential_flaws("smtp", {"port": "geheim", "security": "geheim", "pass": "geheim"}, "smtp", PLACES)
    )

    assert flaws
    assert all("geheim" not in flaw.message for flaw in flaws)


@pytest.mark.parametrize(
    ("name", "key", "place"),
    [
        ("weclapp", "base_url", "http://127.0.0.1:8001/internal/tenants"),
        ("weclapp", "base_url", "http://2130706433/"),
        ("weclapp", "base_url", "https://user@muster.weclapp.test/"),
        ("graph", "base_url", "http://169.254.169.254/latest/meta-data"),
        ("graph", "authority_url", "http://[::ffff:10.0.0.1]/"),
        ("smtp", "host", "localhost"),
        ("smtp", "host", "10.0.0.25"),
        ("imap", "host", "0x7f.1"),
        ("imap", "host", "fd00::1"),
    ],
)
def test_a_place_that_is_not_on_the_public_internet_is_refused_where_it_is_entered(
    name: str, key: str, place: str
) -> None:
    [flaw] = [
        flaw for flaw in credential_flaws(name, {key: place}, name, PLACES) if flaw.field == f"{name}/{key}"
    ]

    assert place not in flaw.message


def test_a_server_in_a_companys_own_network_may_be_entered_when_the_operator_allows_it() -> None:
    allowed = GuardedPlaces(Guard.allowing("10.1.2.0/24, crm.intern"))
    smtp = {"host": "10.1.2.3", "port": "25", "username": "u", "password": "p", "security": "none"}
    weclapp = {"base_url": "http://crm.intern:81/", "token": "t"}

    assert list(credential_flaws("smtp", smtp, "smtp", allowed)) == []
    assert list(credential_flaws("weclapp", weclapp, "weclapp", allowed)) == []
    assert list(credential_flaws("weclapp", weclapp, "weclapp", PLACES)) != []

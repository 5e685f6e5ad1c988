from __future__ import annotations

from dataclasses import replace

import pytest

from tenancy.domain.credentials import FORMS, credential_flaws
from tenancy.domain.tenant import RoutingRule, Tenant, Texts, tenant_flaws

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

    assert {flaw.field for flaw in credential_flaws(name, {}, name)} == needed


@pytest.mark.parametrize("token", ["a-token\n", "tökén", "a token", "\ta-token"])
def test_a_token_that_no_request_could_carry_is_refused(token: str) -> None:
    values = {"base_url": "https://muster.weclapp.test", "token": token}

    flaws = list(credential_flaws("weclapp", values, "weclapp"))
    assert [flaw.field for flaw in flaws] == ["weclapp/token"]
    assert token not in flaws[0].message


def test_a_certificate_has_lines_and_nothing_else_has() -> None:
    imap = {"host": "mail.test", "port": "993", "username": "ö", "password": "ge heim", "security": "tls"}
    sound = {**imap, "authserv_id": "mail.test", "ca_pem": "-----BEGIN CERTIFICATE-----\nMII\n"}

    assert list(credential_flaws("imap", sound, "imap")) == []
    assert [flaw.field for flaw in credential_flaws("imap", {**sound, "password": "geheim\n"}, "imap")] == [
        "imap/password"
    ]


def test_a_flaw_of_a_credential_never_shows_its_value() -> None:
    flaws = list(credential_flaws("smtp", {"port": "geheim", "security": "geheim", "pass": "geheim"}, "smtp"))

    assert flaws
    assert all("geheim" not in flaw.message for flaw in flaws)

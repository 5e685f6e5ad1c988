"""Plans are data, checked as a whole; letters in both languages; Stripe's forms read tolerantly."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from billing.adapters.plan_file import OWN, read_catalogue
from billing.adapters.shelf import plan_key, usage_key
from billing.adapters.stripe.mapping import InvoiceForm, SubscriptionForm, invoice_of, read, subscription_of
from billing.application.take_stripe_event import BadEvent, hint_of
from billing.domain.drift import may_send_again
from billing.domain.letters import licence_letter, payment_failed_letter
from billing.domain.licence import Licence
from billing.domain.plans import UnknownPlan
from vendorkit import VendorContractBroken

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SUBSCRIPTION = {
    "id": "sub_1", "customer": "cus_1", "status": "active", "currency": "eur", "created": 1, "a_field_of_tomorrow": {"x": 1},
    "items": {"data": [
        {"id": "si_1", "price": {"id": "p1", "metadata": {"plan": "team"}}, "current_period_start": 100, "current_period_end": 200},
        {"id": "si_2", "price": {"id": "p2", "metadata": {"unit": "token", "version": "2026-01"}}, "current_period_start": 100,
         "current_period_end": 200},
    ]},
}  # fmt: skip


def test_a_subscription_keeps_the_price_version_it_was_bought_with(tmp_path: Path) -> None:
    catalogue = read_catalogue(
        changed(tmp_path, "valid_from: 2026-01-01", "valid_from: 2026-01-01", extra_version=True)
    )

    assert catalogue.prices("team", on=date(2026, 5, 1)).version == "2026-01"
    assert catalogue.prices("team", on=date(2026, 7, 1)).version == "2026-07"
    assert catalogue.prices("team", version="2026-01", on=date(2026, 7, 1)).version == "2026-01"
    with pytest.raises(UnknownPlan, match="company, starter, team"):
        catalogue.plan("gratis")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("trial_plan: starter", "trial_plan: gratis", "which is no plan"),
        ("price_list: standard", "price_list: other", "which is none"),
        ('EUR: "29.00"', 'EUR: "29.005"', "cannot be paid with coins"),
        ('token: "0.0000125"}\n        CHF', 'token: "-1"}\n        CHF', "negative price"),
        (', token: "0.0000125"}\n        CHF', "}\n        CHF", "no price for token in EUR"),
        ("{up_to: 5000, each", "{up_to: 500, each", "do not rise"),
        ('{up_to: 300, each: "0"}, {each: "0.09"}', '{up_to: 300, each: "0"}', "has an end"),
        ("trial_days: 14", "trial_days: many", "trial_days"),
        ("grace_days: 7", "grace_days: 7\nsurprise: 1", "surprise"),
        ("plans:", "plans: [", "cannot be read"),
    ],
)
def test_plans_that_are_not_as_they_must_be_end_the_start_with_a_sentence(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        read_catalogue(changed(tmp_path, old, new))


def changed(folder: Path, old: str, new: str, *, extra_version: bool = False) -> Path:
    text = OWN.read_text()
    assert old in text
    if extra_version:
        end = text.index("\n  included:")
        again = text[text.index('    - version: "2026-01"') : end].replace("2026-01", "2026-07")
        text = text[:end] + again + text[end:]
    place = folder / "plans.yaml"
    place.write_text(text.replace(old, new, 1))
    return place


def test_another_fee_is_another_price() -> None:
    assert plan_key("team", "EUR", Decimal("99.00")) != plan_key("team", "EUR", Decimal("109.00"))
    assert usage_key("standard", "2026-01", "page", "EUR") == "frontdesk/usage/standard/2026-01/page/EUR"


def test_a_subscription_is_read_from_its_items_and_unknown_fields_are_passed_over() -> None:
    found = subscription_of(read(SubscriptionForm, SUBSCRIPTION), NOW)

    assert (found.plan, found.price_version, found.currency, found.period_end.timestamp()) == (
        "team",
        "2026-01",
        "EUR",
        200,
    )


def test_a_status_that_nobody_knows_yet_is_a_pause() -> None:
    assert (
        subscription_of(read(SubscriptionForm, {**SUBSCRIPTION, "status": "dreaming"}), NOW).status
        == "paused"
    )


def test_a_subscription_of_an_old_form_is_a_broken_contract_that_says_where() -> None:
    old = {**SUBSCRIPTION, "items": {"data": [{"id": "si_1", "price": {"id": "p1"}}]}}

    with pytest.raises(VendorContractBroken, match="current_period_start"):
        read(SubscriptionForm, old)


def test_nothing_of_a_card_is_read_from_an_invoice() -> None:
    answer = {
        "id": "in_1", "customer": "cus_1", "status": "paid", "currency": "eur", "total": 9900, "amount_due": 9900,
        "amount_paid": 9900, "created": 1, "period_start": 1, "period_end": 2,
        "default_payment_method": {"card": {"last4": "4242", "exp_year": 2030}}, "charge": {"payment_method_details": "4242"},
    }  # fmt: skip

    assert "4242" not in repr(invoice_of(read(InvoiceForm, answer), (), (), {}))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"id": "evt_1", "type": "x"}', b"\xff"])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(BadEvent):
        hint_of(body)


def test_a_meter_event_is_sent_again_only_where_it_cannot_count_twice() -> None:
    assert may_send_again(counted=0, sent_at=NOW - timedelta(days=9), now=NOW)
    assert may_send_again(counted=5, sent_at=NOW - timedelta(hours=23), now=NOW)
    assert not may_send_again(counted=5, sent_at=NOW - timedelta(hours=25), now=NOW)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", ("Zahlung fehlgeschlagen", "1234,50 EUR", "prüfen")),
        ("en", ("Payment failed", "1234.50 EUR", "check")),
    ],
)
def test_a_letter_about_a_payment_says_what_and_where(language: str, words: tuple[str, ...]) -> None:
    letter = payment_failed_letter(
        language, company="Müßig & Söhne", number="FD-7", amount=Decimal("1234.50"), currency="EUR", attempts=2,
        page_url="https://invoice.test/7",
    )  # fmt: skip

    assert all(
        word in letter.subject + letter.text
        for word in (*words, "FD-7", "Müßig & Söhne", "https://invoice.test/7")
    )


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize(
    "licence",
    [
        Licence("grace", "team", "payment_failed", datetime(2026, 12, 5, 23, 30, tzinfo=UTC)),
        Licence("grace", "starter", "trial_over", datetime(2026, 12, 5, 23, 30, tzinfo=UTC)),
        Licence("suspended", "team", "payment_failed", None),
        Licence("ended", "team", "cancelled", None),
    ],
)
def test_a_letter_about_the_licence_is_whole_in_both_languages(language: str, licence: Licence) -> None:
    letter = licence_letter(language, licence, company="Müßig", time_zone="Europe/Vienna")

    assert "Müßig" in letter.text
    assert "{" not in letter.text
    if licence.status == "grace":
        assert "06.12.2026" in letter.text, "the day is that of the company's own time zone"

"""Entries balance, whatever is used and invoiced; corrections undo."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.invoice import CreditNote, Invoice, InvoiceLine
from billing.domain.ledger import Entry, Posting, Unbalanced, invoice_entries, reversal, sums
from billing.domain.money import from_minor

NOW = datetime(2026, 11, 1, tzinfo=UTC)
CENTS = st.integers(-100_000, 100_000)


def line(minor: int, unit: str | None = None) -> InvoiceLine:
    return InvoiceLine("il", "", from_minor(minor, "EUR"), None, unit, False, NOW, NOW)


def invoice(lines: list[InvoiceLine], **changes: object) -> Invoice:
    total = sum((each.amount for each in lines), Decimal(0))
    made = Invoice(
        "in_1", "FD-1", "paid", "EUR", total, Decimal(0), Decimal(0), Decimal(0), total, total, NOW, NOW, NOW, None, NOW, NOW,
        "sub_1", None, None, 1, tuple(lines),
    )  # fmt: skip
    return replace(made, **changes)


@given(
    st.lists(st.tuples(CENTS, st.sampled_from([None, "message", "token"])), max_size=6),
    CENTS,
    CENTS,
    st.decimals(0, 999, places=9),
)
def test_every_invoice_balances_and_what_is_paid_is_no_longer_owed(
    lines: list[tuple[int, str | None]], tax: int, credit: int, accrued: Decimal
) -> None:
    made = [line(minor, unit) for minor, unit in lines]
    total = sum((each.amount for each in made), Decimal(0)) + from_minor(tax, "EUR")
    used = from_minor(credit, "EUR")
    whole = invoice(
        made,
        total=total,
        tax=from_minor(tax, "EUR"),
        credit_used=used,
        amount_due=total - used,
        amount_paid=total - used,
    )

    entries = list(invoice_entries(whole, {"message": accrued, "token": accrued}))

    assert all(not any(sums(entry.postings).values()) for entry in entries)
    assert balance(entries, "receivable") == 0


def test_a_line_of_use_clears_what_was_accrued_and_the_rest_is_rounding() -> None:
    [issued, *_] = invoice_entries(invoice([line(1234, "token"), line(2900)]), {"token": Decimal("12.3368")})

    assert {each.account: each.amount for each in issued.postings} == {
        "unbilled:token": Decimal("-12.3368"), "rounding": Decimal("-0.0032"), "receivable": Decimal("41.34"),
        "revenue:subscription": Decimal("-29.00"),
    }  # fmt: skip


def test_use_that_was_priced_in_another_tier_than_it_is_billed_in_is_earned_as_it_is_billed() -> None:
    def tier(quantity: str, each: str, minor: int) -> InvoiceLine:
        return replace(line(minor, "page"), quantity=Decimal(quantity), each=Decimal(each))

    lines = [tier("500", "0", 0), tier("433", "0.015", 650)]
    [issued, *_] = invoice_entries(invoice(lines), {"page": Decimal("13.995")})

    assert {each.account: each.amount for each in issued.postings} == {
        "unbilled:page": Decimal("-13.995"), "revenue:page": Decimal("7.500"), "rounding": Decimal("-0.005"),
        "receivable": Decimal("6.50"),
    }  # fmt: skip


def test_tax_is_owed_to_the_state_and_a_discount_is_given_and_neither_is_rounding() -> None:
    money = {"total": Decimal("30.60"), "tax": Decimal("5.10"), "discount": Decimal("3.50")}
    [issued, *_] = invoice_entries(invoice([line(2900)], **money), {})

    assert {each.account: each.amount for each in issued.postings} == {
        "revenue:subscription": Decimal("-29.00"), "tax": Decimal("-5.10"), "discount": Decimal("3.50"),
        "receivable": Decimal("30.60"),
    }  # fmt: skip


def test_a_void_invoice_leaves_nothing() -> None:
    entries = list(invoice_entries(invoice([line(2900)], status="void", amount_paid=Decimal(0)), {}))

    assert all(balance(entries, account) == 0 for account in ("receivable", "revenue:subscription", "cash"))


def test_what_was_given_up_and_paid_all_the_same_is_no_loss() -> None:
    lost = invoice([line(2900)], status="uncollectible", uncollectible_at=NOW, amount_paid=Decimal(0))
    paid = replace(lost, status="paid", amount_paid=Decimal("29.00"))

    assert balance(list(invoice_entries(lost, {})), "bad_debt") == Decimal("29.00")
    entries = list(invoice_entries(paid, {}))
    assert (balance(entries, "bad_debt"), balance(entries, "receivable"), balance(entries, "cash")) == (
        0,
        0,
        Decimal("29.00"),
    )


def test_a_downgrade_below_nothing_becomes_the_companys_credit() -> None:
    entries = list(invoice_entries(
        invoice([line(-4500)], credit_used=Decimal("-45.00"), amount_due=Decimal(0), amount_paid=Decimal(0)), {}
    ))  # fmt: skip

    assert balance(entries, "credit") == Decimal("-45.00")
    assert balance(entries, "receivable") == 0


def test_a_credit_note_goes_where_stripe_put_it() -> None:
    note = CreditNote(
        "cn_1", Decimal("10.00"), Decimal("6.00"), Decimal("4.00"), voided=False, created_at=NOW
    )
    entries = list(invoice_entries(invoice([line(2900)], credit_notes=(note,)), {}))

    assert (balance(entries, "credit"), balance(entries, "cash")) == (Decimal("-6.00"), Decimal("25.00"))
    voided = list(invoice_entries(invoice([line(2900)], credit_notes=(replace(note, voided=True),)), {}))
    assert (balance(voided, "credit"), balance(voided, "cash")) == (0, Decimal("29.00"))


def test_a_draft_posts_nothing() -> None:
    assert list(invoice_entries(invoice([line(2900)], status="draft", finalized_at=None), {})) == []


def test_an_entry_that_does_not_balance_cannot_be_made() -> None:
    with pytest.raises(Unbalanced, match=r"0\.01 EUR"):
        Entry("x", NOW, (Posting("cash", "EUR", Decimal("1.00")), Posting("credit", "EUR", Decimal("-0.99"))))


def test_euros_do_not_balance_dollars() -> None:
    with pytest.raises(Unbalanced):
        Entry("x", NOW, (Posting("cash", "EUR", Decimal(1)), Posting("credit", "USD", Decimal(-1))))


def test_a_reversal_undoes_its_entry() -> None:
    entry = Entry("x", NOW, (Posting("cash", "EUR", Decimal(1)), Posting("credit", "EUR", Decimal(-1))))
    undone = reversal(entry, at=NOW, reason="Irrtum")

    assert undone.reverses == "x"
    assert balance([entry, undone], "cash") == 0


def balance(entries: list[Entry], account: str) -> Decimal:
    return sum(
        (each.amount for entry in entries for each in entry.postings if each.account == account), Decimal(0)
    )

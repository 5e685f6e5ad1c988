"""Double entry: every entry's postings sum to zero in each currency, and no entry is ever changed.

| account | holds |
|---|---|
| `unbilled:<unit>` | use that stands on no invoice yet, unrounded |
| `revenue:<unit>`, `revenue:subscription` | what was earned |
| `receivable` | what stands on invoices and is not paid |
| `credit` | what we owe the company: Stripe's customer balance |
| `cash` | what was paid |
| `tax`, `discount`, `rounding`, `bad_debt` | of invoices |
| `cost:<unit>`, `suppliers` | what use cost us, and whom we owe it |

A debit is positive, a credit negative.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.domain.invoice import CreditNote, Invoice, InvoiceLine
from billing.domain.units import Unit
from billing.domain.usage import Usage


@dataclass(frozen=True, slots=True)
class Posting:
    """An amount on an account."""

    account: str
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Entry:
    """Postings that belong together. `entry_id` says what it is about; the same one is posted once."""

    entry_id: str
    at: datetime
    postings: tuple[Posting, ...]
    reverses: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if open_sums := {code: total for code, total in sums(self.postings).items() if total}:
            raise Unbalanced(self.entry_id, open_sums)


class Unbalanced(ValueError):
    """The postings of an entry do not sum to zero."""

    def __init__(self, entry_id: str, open_sums: Mapping[str, Decimal]) -> None:
        shown = ", ".join(f"{total} {code}" for code, total in open_sums.items())
        super().__init__(f"entry {entry_id} is out of balance by {shown}")


def sums(postings: Iterable[Posting]) -> dict[str, Decimal]:
    """The sum by currency."""
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for posting in postings:
        found[posting.currency] += posting.amount
    return dict(found)


def usage_entry(usage: Usage) -> Entry | None:
    """What a record of use posts; nothing when it is worth nothing and cost nothing."""
    unit = usage.fact.unit
    postings = [
        *_pair(f"unbilled:{unit}", f"revenue:{unit}", usage.value, usage.currency),
        *_pair(f"cost:{unit}", "suppliers", usage.cost, usage.cost_currency),
    ]
    return Entry(f"usage:{usage.usage_id}", usage.accounted_at, tuple(postings)) if postings else None


def reversal(entry: Entry, *, at: datetime, reason: str) -> Entry:
    """The entry that undoes another: the only way to correct one."""
    undone = tuple(Posting(each.account, each.currency, -each.amount) for each in entry.postings)
    return Entry(f"reversal:{entry.entry_id}", at, undone, entry.entry_id, reason)


def invoice_entries(invoice: Invoice, unbilled: Mapping[Unit, Decimal]) -> Iterator[Entry]:
    """All that an invoice as it stands now has to have posted; whoever keeps them keeps each once.

    `unbilled` is, by unit, what use of the invoice's lines the ledger has accrued. A draft posts nothing.
    """
    if invoice.finalized_at is None or invoice.status == "draft":
        return
    name, code = invoice.invoice_id, invoice.currency
    issued = Entry(f"invoice:{name}:issued", invoice.finalized_at, tuple(_issued(invoice, unbilled)))
    yield issued
    set_off = _entry(
        f"invoice:{name}:credit",
        invoice.finalized_at,
        _pair("credit", "receivable", invoice.credit_used, code),
    )
    if set_off is not None:
        yield set_off
    paid = invoice.amount_paid if invoice.status == "paid" else Decimal(0)
    payment = _entry(
        f"invoice:{name}:paid",
        invoice.paid_at or invoice.finalized_at,
        _pair("cash", "receivable", paid, code),
    )
    if payment is not None:
        yield payment
    if invoice.status == "void":
        yield reversal(issued, at=invoice.finalized_at, reason="voided")
        if set_off is not None:
            yield reversal(set_off, at=invoice.finalized_at, reason="voided")
    yield from _written_off(invoice)
    for note in invoice.credit_notes:
        yield from _credited(note, code)


def _issued(invoice: Invoice, unbilled: Mapping[Unit, Decimal]) -> Iterator[Posting]:
    code = invoice.currency
    by_account: defaultdict[str, Decimal] = defaultdict(Decimal)
    by_unit: defaultdict[Unit, list[InvoiceLine]] = defaultdict(list)
    for line in invoice.lines:
        if line.unit is None:
            by_account["revenue:subscription"] -= line.amount
        else:
            by_unit[line.unit].append(line)
    for unit, lines in by_unit.items():
        accrued = unbilled.get(unit, Decimal(0))
        by_account[f"unbilled:{unit}"] -= accrued
        by_account[f"revenue:{unit}"] -= _owed(lines, accrued) - accrued
    by_account["tax"] -= invoice.tax
    by_account["discount"] += invoice.discount
    by_account["receivable"] += invoice.total
    # Between what is owed, unrounded, and what Stripe wrote.
    by_account["rounding"] -= sum(by_account.values(), Decimal(0))
    yield from (Posting(account, code, total) for account, total in sorted(by_account.items()) if total)


def _owed(lines: list[InvoiceLine], accrued: Decimal) -> Decimal:
    """What use of a unit costs by its lines, unrounded.

    It is what was accrued, unless a record counts in another period, or at another plan, than it was priced in.
    """
    exact = [line.exact for line in lines]
    known = [each for each in exact if each is not None]
    return sum(known, Decimal(0)) if len(known) == len(lines) else accrued


def _written_off(invoice: Invoice) -> Iterator[Entry]:
    """What was given up, and taken back when it was paid all the same."""
    if invoice.uncollectible_at is None:
        return
    lost = _pair("bad_debt", "receivable", invoice.total - invoice.credit_used, invoice.currency)
    entry = _entry(f"invoice:{invoice.invoice_id}:uncollectible", invoice.uncollectible_at, lost)
    if entry is not None:
        yield entry
        if invoice.status in {"paid", "void"}:
            yield reversal(entry, at=invoice.paid_at or invoice.uncollectible_at, reason=invoice.status)


def _credited(note: CreditNote, code: str) -> Iterator[Entry]:
    name = f"credit_note:{note.credit_note_id}"
    against = note.amount - note.to_balance - note.refunded
    postings = [
        *_pair("revenue:subscription", "receivable", against, code),
        *_pair("revenue:subscription", "credit", note.to_balance, code),
        *_pair("revenue:subscription", "cash", note.refunded, code),
    ]
    entry = _entry(name, note.created_at, postings)
    if entry is None:
        return
    yield entry
    if note.voided:
        yield reversal(entry, at=note.created_at, reason="voided")


def _entry(entry_id: str, at: datetime, postings: list[Posting]) -> Entry | None:
    return Entry(entry_id, at, tuple(postings)) if postings else None


def _pair(debit: str, credit: str, amount: Decimal, code: str) -> list[Posting]:
    return [Posting(debit, code, amount), Posting(credit, code, -amount)] if amount else []

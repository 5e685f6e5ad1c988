"""the ledger of use, subscriptions, invoices, licences."""

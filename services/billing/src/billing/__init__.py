"""Billing keeps the ledger of use: what each company used, what that cost us, and what it owes for it.

Subscriptions, checkout and invoices are Stripe's; billing mirrors them, tells the meters, and derives each company's licence.
The ledger is double-entry, only ever added to, and goes on when Stripe does not answer. No card data is kept anywhere.
"""

"""Stripe, over its own SDK."""

"""Stripe: billing that keeps its state, over its real protocol."""

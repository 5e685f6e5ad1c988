"""Vendor failures as five errors, and the HTTP client that raises them."""

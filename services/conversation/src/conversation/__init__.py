"""Understands letters and drafts replies."""

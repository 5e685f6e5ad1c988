"""Turnstile and hCaptcha, as far as a server sees them: `siteverify`."""

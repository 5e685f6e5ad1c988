"""The operators' page: rendered here, kept up to date by server-sent events, whole without a script (ADR 0033)."""

"""Watches all of it: health, queues, dead letters, traces; advises and reports."""

"""Watches all of it: health, metrics, queues, the database; judges by thresholds and tells staff; advises and reports."""

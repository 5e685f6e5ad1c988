"""Backups of a small installation: one file with database, blobs, filed documents and snapshots, and the way back (ADR 0034)."""

"""IMAP: a tenant's mailbox, watched and written to."""

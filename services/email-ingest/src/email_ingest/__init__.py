"""Takes mail in, by IMAP and by webhook, and reads it."""

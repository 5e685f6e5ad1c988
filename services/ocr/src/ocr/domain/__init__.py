"""What a document is, what was found in it, and the rules for believing it."""

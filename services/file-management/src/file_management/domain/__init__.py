"""Where a document belongs and what it is called there."""

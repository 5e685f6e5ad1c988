"""What file-management does: it files documents."""

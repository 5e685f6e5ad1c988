"""What conversation does: it drafts replies."""

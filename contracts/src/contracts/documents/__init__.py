"""Documents: received, read, filed."""

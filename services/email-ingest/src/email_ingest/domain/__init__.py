"""What a letter says: pure reading of bytes, no I/O."""

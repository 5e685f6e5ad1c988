"""Everything outside: the reader's process, the model, the tables."""

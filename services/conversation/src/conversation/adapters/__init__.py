"""Everything outside: the model that writes, the tables."""

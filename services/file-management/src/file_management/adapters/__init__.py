"""Everything outside: OneDrive, the local disk, the tables."""

"""The rules of billing: pure values, no I/O."""

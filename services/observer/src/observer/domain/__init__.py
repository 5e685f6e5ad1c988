"""The rules of observer: pure values, no I/O."""

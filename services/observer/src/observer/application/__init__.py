"""The use cases of observer."""

"""What reporting does, one use case a module."""

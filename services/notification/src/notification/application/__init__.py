"""What notification does, one module for each use case."""

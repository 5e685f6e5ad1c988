"""What the service does, one module for each use case."""

"""What the orchestrator does, one use case a module."""

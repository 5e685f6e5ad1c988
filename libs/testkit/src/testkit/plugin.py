"""The pytest plugin: a real broker and a real database as fixtures."""

from testkit.stack import amqp_url, blob_folder, database_url, environment, own_stack, stack

__all__ = ["amqp_url", "blob_folder", "database_url", "environment", "own_stack", "stack"]

"""The pytest plugin: a real broker, a real database and the vendors, simulated, as fixtures."""

import contracts
from testkit.sandbox import sandbox
from testkit.stack import amqp_url, blob_folder, database_url, environment, own_environment, own_stack, stack

__all__ = [
    "amqp_url",
    "blob_folder",
    "database_url",
    "environment",
    "own_environment",
    "own_stack",
    "sandbox",
    "stack",
]

# Pytest would take the folder `contracts/` of the tests beside it for the package, if nobody had imported that before.
assert contracts.__file__

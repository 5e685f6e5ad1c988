"""The local stack: a RabbitMQ node and a Postgres of one's own, under one folder.

`Stack.at(folder)` is all that others need; `load_environment(folder)` says what a service must know to use it.
"""

from frontdesk.stack.secrets import load_environment, make_secrets
from frontdesk.stack.stack import Stack, StackError

__all__ = ["Stack", "StackError", "load_environment", "make_secrets"]

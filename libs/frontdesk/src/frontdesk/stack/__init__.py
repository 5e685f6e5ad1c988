"""The local stack: a RabbitMQ node and a Postgres of one's own, under one folder.

`Stack.at(folder)` is all that others need; `load_environment(folder)` says what a service must know to use it, and
`place_of_its_own(stack, name)` gives a place on it that nobody else uses.
"""

from frontdesk.stack.place import Place, place_of_its_own
from frontdesk.stack.secrets import load_environment, make_secrets
from frontdesk.stack.stack import Stack, StackError

__all__ = ["Place", "Stack", "StackError", "load_environment", "make_secrets", "place_of_its_own"]

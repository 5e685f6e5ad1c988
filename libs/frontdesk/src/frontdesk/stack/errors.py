"""What can go wrong with the local stack, told to a person."""


class StackError(Exception):
    """The local stack cannot do what was asked; the message says why and what helps."""

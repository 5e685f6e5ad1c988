"""Free ports on this machine.

They are drawn from below the range the kernel hands out to outgoing connections, so that a port remembered today is
still free tomorrow.
"""

import random
import socket

_LOWEST = 20_000
_HIGHEST = 31_900
_drawing = random.SystemRandom()


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def is_listening(port: int) -> bool:
    """Whether something answers on this port of 127.0.0.1."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_block(count: int, *, beside: range = range(0)) -> int:
    """The first of `count` neighbouring free ports, none of them among those `beside`."""
    while True:
        first = _drawing.randrange(_LOWEST, _HIGHEST - count)
        block = range(first, first + count)
        if all(port not in beside and is_free(port) for port in block):
            return first

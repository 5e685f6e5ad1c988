"""TLS for a library that is given a bare address to connect to."""

from __future__ import annotations

import socket
import ssl


def named_tls_context(host: str, *, cadata: str | None = None) -> ssl.SSLContext:
    """A context that asks for, and verifies, this host's certificate, whatever name the library would ask for.

    With `cadata` (PEM) its authorities are trusted instead of the operating system's. Raises `ssl.SSLError`,
    `ValueError` when that is no certificate.
    """
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.host = host
    if cadata:
        context.load_verify_locations(cadata=cadata)
    else:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    return context


class _Named(ssl.SSLContext):
    host: str

    def wrap_socket(
        self,
        sock: socket.socket,
        server_side: bool = False,
        do_handshake_on_connect: bool = True,
        suppress_ragged_eofs: bool = True,
        server_hostname: str | bytes | None = None,  # noqa: ARG002 — the address; the name takes its place
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLSocket:
        """Wrap under the host's own name."""
        return super().wrap_socket(
            sock, server_side, do_handshake_on_connect, suppress_ragged_eofs, self.host, session
        )

"""Who opens connections: everything that a service sends outward goes through vendorkit's guard."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from testkit.architecture.tree import ServiceFolder, parsed

ALLOWED: Mapping[str, str] = {
    "email-ingest/adapters/imap/client.py": "IMAPClient is given addresses that the guard has judged, and the name for TLS",
    "file-management/adapters/microsoft_login.py": "msal is given vendorkit's blocking client",
    "gateway/adapters/answering.py": "our own services, at the operator's addresses",
    "gateway/adapters/tenancy_client.py": "tenancy, at the operator's address",
    "gateway/adapters/upstreams.py": "our own services, at the operator's addresses",
    "observer/adapters/desks.py": "our own services, at the operator's addresses",
    "notification/adapters/smtp.py": "aiosmtplib is given a socket that the guard has connected",
    "observer/adapters/clients.py": "our own services, RabbitMQ's management, Prometheus, a heartbeat: at the operator's addresses",
    "observer/adapters/people.py": "tenancy, at the operator's address",
    "tenancy/adapters/microsoft_sign_in.py": "Microsoft's sign-in of the whole installation, at the operator's address",
}
"""Modules that make a client themselves, each with where it leads or how it is guarded."""

_CLIENTS = {
    "httpx": {
        "Client", "AsyncClient", "HTTPTransport", "AsyncHTTPTransport",
        "get", "post", "put", "patch", "delete", "head", "options", "request", "stream",
    },
    "httpcore": {"ConnectionPool", "AsyncConnectionPool", "HTTPConnection", "AsyncHTTPConnection", "request", "stream"},
    "aiosmtplib": {"SMTP", "send"},
    "imapclient": {"IMAPClient"},
    "msal": {"ConfidentialClientApplication", "PublicClientApplication"},
    "socket": {"socket", "create_connection", "getaddrinfo", "gethostbyname"},
    "asyncio": {"open_connection"},
    "chassis.clients": {"service_client"},
}  # fmt: skip
_CLIENTS["httpx2"] = _CLIENTS["httpx"]
_METHODS = {"create_connection", "sock_connect"}
"""Of an event loop, however it is called."""
_BARRED = {
    "aiohttp", "aioimaplib", "ftplib", "http.client", "imap_tools", "imaplib", "nntplib", "poplib", "pycurl",
    "requests", "smtplib", "telnetlib", "urllib.request", "urllib3", "websockets", "xmlrpc.client",
}  # fmt: skip
"""What nobody needs here: each would be a door of its own."""


def flaws(service: ServiceFolder) -> list[str]:
    """Where a service opens a connection past the guard."""
    return [
        f"{service.name}/{place}:{line}: {flaw}"
        for file in service.modules()
        for place in [file.relative_to(service.source).as_posix()]
        for line, flaw in _flaws_of(parsed(file), allowed=f"{service.name}/{place}" in ALLOWED)
    ]


def unneeded(services: list[ServiceFolder]) -> list[str]:
    """What is allowed and opens nothing any more."""
    needed = {
        f"{service.name}/{file.relative_to(service.source).as_posix()}"
        for service in services
        for file in service.modules()
        if any(_flaws_of(parsed(file), allowed=False))
    }
    return sorted(ALLOWED.keys() - needed)


def _flaws_of(tree: ast.Module, *, allowed: bool) -> Iterator[tuple[int, str]]:
    names = dict(_imported(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and (barred := _barred(node)):
            yield node.lineno, f"{barred}: outward leads vendorkit alone"
        if isinstance(node, ast.Call) and not allowed:
            called = _dotted(node.func, names)
            module, _, name = called.rpartition(".")
            if name in _CLIENTS.get(module, ()) or (module and name in _METHODS):
                yield (
                    node.lineno,
                    f"{called}(…): outward leads vendorkit alone (or say why not in {Path(__file__).name})",
                )


def _barred(node: ast.Import | ast.ImportFrom) -> str | None:
    """The barred module that a statement imports, if any."""
    match node:
        case ast.Import(names=names):
            modules = [name.name for name in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            modules = [module, *(f"{module}.{name.name}" for name in names)]
        case _:
            modules = []
    starts = {".".join(module.split(".")[:length]) for module in modules for length in (1, 2)}
    return min(starts & _BARRED, default=None)


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What each name of the module stands for."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from ((name.asname, name.name) for name in names if name.asname)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from ((name.asname or name.name, f"{module}.{name.name}") for name in names)
            case _:
                continue


def _dotted(node: ast.expr, names: Mapping[str, str]) -> str:
    match node:
        case ast.Name(id=name):
            return names.get(name, name)
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value, names)}.{name}"
        case _:
            return "?"

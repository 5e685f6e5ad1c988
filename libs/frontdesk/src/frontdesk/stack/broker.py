"""A RabbitMQ node of one's own: its name, ports, data and port mapper, all on 127.0.0.1."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import psutil

from frontdesk.stack import ports, processes
from frontdesk.stack.errors import StackError
from frontdesk.stack.plan import Plan, fingerprint

if TYPE_CHECKING:
    import httpx

USER = "frontdesk"
DEFAULT_VHOST = "frontdesk"

_KNOWN_FOLDERS = (
    "/usr/lib/rabbitmq/bin",
    "/usr/lib/rabbitmq/sbin",
    "/opt/homebrew/opt/rabbitmq/sbin",
    "/usr/local/opt/rabbitmq/sbin",
    "/opt/rabbitmq/sbin",
)


def find_server() -> Path | None:
    """The `rabbitmq-server` program, not the distribution's wrapper that changes the user."""
    versioned = sorted(Path("/usr/lib/rabbitmq/lib").glob("rabbitmq_server-*/sbin"), reverse=True)
    for folder in (*map(Path, _KNOWN_FOLDERS), *versioned):
        if os.access(folder / "rabbitmq-server", os.X_OK):
            return folder / "rabbitmq-server"
    on_path = shutil.which("rabbitmq-server")
    return Path(on_path) if on_path else None


def find_port_mapper() -> Path | None:
    """Erlang's `epmd`."""
    if on_path := shutil.which("epmd"):
        return Path(on_path)
    for library in (
        "/usr/lib/erlang",
        "/usr/lib64/erlang",
        "/opt/homebrew/lib/erlang",
        "/usr/local/lib/erlang",
    ):
        for found in sorted(Path(library).glob("erts-*/bin/epmd"), reverse=True):
            return found
    return None


class Broker:
    """The RabbitMQ node of one instance of the stack."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder / "rabbitmq"
        self._plan = plan
        self._node = f"frontdesk-{fingerprint(folder)}@localhost"

    def url(self, vhost: str = DEFAULT_VHOST) -> str:
        """The AMQP address of one virtual host."""
        return f"amqp://{USER}:{self._plan.password}@127.0.0.1:{self._plan.amqp_port}/{quote(vhost, safe='')}"

    @property
    def management_url(self) -> str:
        """The management's address, with user and password."""
        return f"http://{USER}:{self._plan.password}@127.0.0.1:{self._plan.management_port}"

    def start(self) -> None:
        """Start the node and wait until it serves; nothing to do when it does already."""
        if self.running():
            self._wait_until_serving()
            return
        server, port_mapper = find_server(), find_port_mapper()
        if server is None or port_mapper is None:
            raise StackError(
                "RabbitMQ is not installed: run `make setup`, or set AMQP_URL to a broker of yours"
            )
        self._write_configuration()
        self._pid_file.unlink(missing_ok=True)
        self._start_port_mapper(port_mapper)
        processes.start_detached(
            [str(server)],
            output=self._folder / "log" / "out",
            environment=self._environment(),
            folder=self._folder,
        )
        self._wait_until_serving()

    def stop(self) -> None:
        """Shut the node down in order, and its port mapper."""
        if node := self._process():
            relatives = processes.family(node)
            processes.end([node], patience=60)
            processes.kill(relatives)
        if port_mapper := self._port_mapper():
            processes.end([port_mapper], patience=5)
        self._pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """End the node at once, as a crash would."""
        if node := self._process():
            processes.kill(processes.family(node))

    def running(self) -> bool:
        """Whether the node's process lives."""
        return self._process() is not None

    def ports_taken(self) -> bool:
        """Whether strangers listen where this node would."""
        own = {self._plan.port_mapper_port} if self._port_mapper() else set[int]()
        return not self.running() and not all(
            ports.is_free(p) for p in self._plan.broker_ports if p not in own
        )

    def create_vhost(self, name: str) -> str:
        """Make a virtual host, and return its address."""
        self._manage("PUT", f"vhosts/{quote(name, safe='')}", {})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._manage("PUT", f"permissions/{quote(name, safe='')}/{USER}", everything)
        return self.url(name)

    def drop_vhost(self, name: str) -> None:
        """Remove a virtual host with all its queues."""
        self._manage("DELETE", f"vhosts/{quote(name, safe='')}")

    def vhosts(self) -> list[str]:
        """The names of all virtual hosts."""
        return [str(vhost["name"]) for vhost in self._manage("GET", "vhosts").json()]

    @property
    def _pid_file(self) -> Path:
        return self._folder / "pid"

    def _process(self) -> psutil.Process | None:
        return processes.find(self._pid_file, name="beam", mentions=str(self._folder / "home"))

    def _port_mapper(self) -> psutil.Process | None:
        return processes.find(
            self._folder / "epmd.pid", name="epmd", mentions=f"-port {self._plan.port_mapper_port}"
        )

    def _start_port_mapper(self, program: Path) -> None:
        """Start epmd ourselves: left to Erlang it would outlive the node."""
        if self._port_mapper():
            return
        command = [str(program), "-port", str(self._plan.port_mapper_port), "-address", "127.0.0.1"]
        pid = processes.start_detached(
            command,
            output=self._folder / "log" / "epmd",
            environment=self._environment(),
            folder=self._folder,
        )
        (self._folder / "epmd.pid").write_text(str(pid))
        processes.wait_until(
            lambda: ports.is_listening(self._plan.port_mapper_port),
            seconds=10,
            failed=lambda: f"epmd did not start; see {self._folder}/log/epmd",
        )

    def _wait_until_serving(self) -> None:
        processes.wait_until(self._serves, seconds=120, failed=self._why_not)

    def _serves(self) -> bool:
        if not (self.running() and ports.is_listening(self._plan.amqp_port)):
            return False
        import httpx

        try:
            self._manage("GET", "overview")
        except (httpx.HTTPError, StackError):
            return False
        return True

    def _why_not(self) -> str:
        return f"RabbitMQ did not start within two minutes; see {self._folder}/log"

    def _manage(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        import httpx  # slow to load, and most commands never speak to the management

        answer = httpx.request(
            method,
            f"http://127.0.0.1:{self._plan.management_port}/api/{path}",
            json=body,
            auth=(USER, self._plan.password),
            timeout=30,
            trust_env=False,
        )
        if answer.is_error and not (method == "DELETE" and answer.status_code == 404):
            raise StackError(
                f"RabbitMQ's management refused {method} {path}: {answer.status_code} {answer.text}"
            )
        return answer

    def _write_configuration(self) -> None:
        for name in ("home", "data", "log", "stream", "config"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        self._folder.chmod(0o700)
        (self._folder / "enabled_plugins").write_text("[rabbitmq_management,rabbitmq_prometheus].\n")
        (self._folder / "rabbitmq.conf").write_text(
            f"""listeners.tcp.default = 127.0.0.1:{self._plan.amqp_port}
management.tcp.ip = 127.0.0.1
management.tcp.port = {self._plan.management_port}
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = {self._plan.metrics_port}
default_user = {USER}
default_pass = {self._plan.password}
default_vhost = {DEFAULT_VHOST}
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 200MB
log.file.level = warning
"""
        )

    def _environment(self) -> dict[str, str]:
        folder, plan = self._folder, self._plan
        inherited = {
            name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR") if name in os.environ
        }
        return inherited | {
            "HOME": str(folder / "home"),
            "RABBITMQ_NODENAME": self._node,
            "RABBITMQ_NODE_PORT": str(plan.amqp_port),
            "RABBITMQ_DIST_PORT": str(plan.distribution_port),
            "ERL_EPMD_PORT": str(plan.port_mapper_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_CTL_DIST_PORT_MIN": str(plan.tool_ports[0]),
            "RABBITMQ_CTL_DIST_PORT_MAX": str(plan.tool_ports[-1]),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_STREAM_DIR": str(folder / "stream"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_CONFIG_FILES": str(folder / "conf.d" / "*.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "env.conf"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(folder / "config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_FEATURE_FLAGS_FILE": str(folder / "feature_flags"),
            # Schedulers that spin while idle would take the processor from the services beside them.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": (
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"
            ),
        }

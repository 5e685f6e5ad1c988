"""The house under test: a stack of its own, the simulated vendors, and every service as a process of its own."""

from __future__ import annotations

import fcntl
import itertools
import json
import os
import random
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

import httpx
from launch import Order
from preloaded import Preloaded, preloaded
from pydantic import JsonValue
from supervisor import Child, Running, Supervised, environment_for, supervised, wait_until_ready

from frontdesk import checkout
from frontdesk.fleet.house import create_services, prepare
from frontdesk.fleet.plan import FleetPlan, plan_fleet
from frontdesk.fleet.roster import service_points
from frontdesk.fleet.vendors import Vendors, simulated_vendors
from frontdesk.play.furnishing import furnish
from frontdesk.play.world import World
from frontdesk.stack import Stack, load_environment
from frontdesk.stack.ports import free_block

FOLDER = "test-chaos"
TENANTS = Path(__file__).with_name("tenants.yaml")
SETTLE_SECONDS = 3.0
"""RabbitMQ 3.10 loses a quorum queue whose node is killed within a second of its declaration: nobody migrates and pulls
the plug in the same second, so neither do we."""


@dataclass(frozen=True)
class House:
    """Everything that runs, and how to reach it."""

    stack: Stack
    vhost: str
    plan: FleetPlan
    vendors: Vendors
    world: World
    http: httpx.AsyncClient
    services: Mapping[str, Supervised]
    tenants: Mapping[str, Mapping[str, JsonValue]]
    folder: Path

    @property
    def database_url(self) -> str:
        """The database, as its owner: whoever counts sees all tenants."""
        return self.plan.shared["DATABASE_URL"]

    @property
    def amqp_url(self) -> str:
        """The broker."""
        return self.plan.shared["AMQP_URL"]

    def hook(self, tenant_id: str) -> tuple[str, str]:
        """Where a company's mail is handed in, and the secret it is signed with."""
        hooks = self.tenants[tenant_id]["hooks"]
        assert isinstance(hooks, list)
        hook = hooks[0]
        assert isinstance(hook, dict)
        secrets = hook["secrets"]
        assert isinstance(secrets, list)
        return f"{self.plan.url('gateway')}/webhooks/mime/{hook['hook_id']}", str(secrets[0])

    async def ready(self) -> None:
        """Wait until every service is at work again."""
        await wait_until_ready({name: self.plan.url(name) for name in self.services})


@contextmanager
def chaos_stack() -> Iterator[Stack]:
    """The stack of this test alone, started; the next free one when another run is at work in it."""
    for number in itertools.count(1):
        folder = checkout.local_folder() / (FOLDER if number == 1 else f"{FOLDER}-{number}")
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder) as alone:
            if not alone:
                continue
            _count_often(folder)
            stack = Stack.at(folder, given={})
            stack.start()
            yield stack
            return


def stop_idle_stacks() -> None:
    """Stop every stack of this test that no run is at work in."""
    for folder in checkout.stack_folders():
        if folder.name.startswith(FOLDER):
            with _alone_in(folder) as alone:
                if alone:
                    Stack.at(folder, given={}).stop()


@contextmanager
def _alone_in(folder: Path) -> Iterator[bool]:
    with folder.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


@asynccontextmanager
async def running_house(
    stack: Stack, *, seed: int, broken: str | None = None, lease: float | None = None, fork: bool = False
) -> AsyncIterator[House]:
    """A fresh database, fresh queues and fresh vendors; all of it, ready, for as long as the block lasts.

    With `fork`, all services are forked from a process that has imported them already. Database, queues and logs of a run stay for whoever wants to look, until the next run begins.
    """
    _drop_what_earlier_runs_left(stack)
    name, folder = f"chaos_{os.getpid()}", stack.folder / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    own = load_environment(stack.folder, given={}) | {
        "AMQP_URL": stack.create_vhost(name),
        "DATABASE_URL": stack.create_database(name),
        "BLOB_URL": (folder / "blobs").as_uri(),
    }
    _draw_ports(folder)
    async with (
        simulated_vendors(folder / "vendors") as vendors,
        _outside() as http,
        AsyncExitStack() as also,
    ):
        plan = plan_fleet(folder, vendors, own)
        await _migrated(plan)
        byte_code = stack.folder / "byte-code"
        packages = [_package(point) for point in service_points()]
        parent = (
            await also.enter_async_context(preloaded(packages, environment_for({}, byte_code)))
            if fork
            else None
        )
        orders = {point.name: Order(_package(point), broken, lease) for point in service_points()}
        services = {name: _service(name, order, plan, byte_code, parent) for name, order in orders.items()}
        async with supervised(list(services.values()), random.Random(f"{seed} pauses")):
            await wait_until_ready({name: plan.url(name) for name in services})
            world = World(vendors, http)
            tenants = await furnish(world, plan, TENANTS)
            yield House(stack, name, plan, vendors, world, http, services, tenants, folder)


@asynccontextmanager
async def _outside() -> AsyncIterator[httpx.AsyncClient]:
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
    async with httpx.AsyncClient(trust_env=False, timeout=30, limits=limits) as http:
        yield http


async def _migrated(plan: FleetPlan) -> None:
    services = create_services(plan)
    began = time.monotonic()
    await prepare(services)
    for service in services:
        await service.database.close()
    time.sleep(max(0.0, SETTLE_SECONDS - 0.2 * (time.monotonic() - began)))  # noqa: ASYNC251 (nothing else runs yet)


def _service(
    name: str, order: Order, plan: FleetPlan, byte_code: Path, parent: Preloaded | None
) -> Supervised:
    environment = environment_for(plan.environment(name), byte_code)
    log = plan.folder / f"{name}.log"

    async def start() -> Running:
        if parent is not None:
            return await parent.start(order, environment, log)
        return await Child.start(order.command(), environment, log)

    return Supervised(name, start)


def _package(point: EntryPoint) -> str:
    return point.module.partition(".")[0]


def _drop_what_earlier_runs_left(stack: Stack) -> None:
    for name in stack.broker.vhosts():
        if name.startswith("chaos_"):
            stack.drop_vhost(name)
    for name in stack.postgres.databases():
        if name.startswith("chaos_"):
            stack.drop_database(name)


def _draw_ports(folder: Path) -> None:
    """Ports of our own: the usual ones belong to whoever says `make run` beside us."""
    names = [point.name for point in service_points()]
    first = free_block(len(names))
    (folder / "fleet.json").write_text(json.dumps({name: first + place for place, name in enumerate(names)}))


def _count_often(folder: Path) -> None:
    """Let the broker count its queues every second instead of every five: a kill wants to know what was in flight."""
    extra = folder / "rabbitmq" / "conf.d"
    extra.mkdir(parents=True, exist_ok=True)
    (extra / "90-chaos.conf").write_text("collect_statistics_interval = 1000\n")
    (folder / "rabbitmq" / "advanced.config").write_text("[{rabbit,[{quorum_tick_interval,1000}]}].\n")

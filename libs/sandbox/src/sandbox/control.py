"""The control plane under /_sandbox: reset, seed, what was seen, faults, webhooks to fire."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.faults import FaultBook, InvalidFault
from sandbox.journal import Journal
from sandbox.vendor import Vendor
from sandbox.webhooks.fire import fire, show_keys
from sandbox.wire import NotJson, as_number, as_object, json_object


@dataclass
class ControlPlane:
    """What tests and the demo steer the vendors with."""

    vendors: Mapping[str, Vendor]
    journal: Journal = field(default_factory=Journal)
    faults: FaultBook = field(default_factory=FaultBook)
    latencies: dict[str, float] = field(default_factory=dict[str, float])
    addresses: dict[str, str] = field(default_factory=dict[str, str])

    def routes(self) -> list[BaseRoute]:
        """The routes, relative to /_sandbox."""
        return [
            Route("/health", self.health, methods=["GET"]),
            Route("/addresses", self.list_addresses, methods=["GET"]),
            Route("/reset", self.reset, methods=["POST"]),
            Route("/seed", self.seed, methods=["POST"]),
            Route("/seen", self.seen, methods=["GET"]),
            Route("/state", self.state, methods=["GET"]),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.list_faults, methods=["GET"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/fire", fire, methods=["POST"]),
            Route("/fire/keys", show_keys, methods=["GET"]),
        ]

    async def health(self, _request: Request) -> Response:
        """Ready as soon as it answers."""
        return JSONResponse({"status": "ok"})

    async def list_addresses(self, _request: Request) -> Response:
        """Where each vendor is reached."""
        return JSONResponse(self.addresses)

    async def reset(self, request: Request) -> Response:
        """Forget everything, or only `?vendor=`."""
        wanted = request.query_params.get("vendor")
        for name, vendor in self.vendors.items():
            if wanted in (None, name):
                vendor.reset()
                self.latencies.pop(name, None)
        if wanted is None:
            self.journal.clear()
            self.faults.clear()
        return Response(status_code=204)

    async def seed(self, request: Request) -> Response:
        """Give each named vendor its data: {"weclapp": {...}, "graph": {...}}."""
        try:
            wish = json_object(await request.body())
        except NotJson as error:
            return _bad(str(error))
        unknown = sorted(set(wish) - set(self.vendors))
        if unknown:
            return _bad(f"Unknown vendors {unknown}; there are {sorted(self.vendors)}.")
        for name, data in wish.items():
            details = as_object(data)
            if "latency_ms" in details:
                self.latencies[name] = as_number(details["latency_ms"]) / 1000
            self.vendors[name].seed(details)
        return Response(status_code=204)

    async def seen(self, request: Request) -> Response:
        """Every request so far, newest last; `?vendor=` and `?after=<number>` narrow it."""
        after = int(request.query_params.get("after", "0"))
        entries = self.journal.of(request.query_params.get("vendor"), after)
        return JSONResponse({"seen": [entry.as_json() for entry in entries]})

    async def state(self, request: Request) -> Response:
        """What the vendors hold now; `?vendor=` narrows it."""
        wanted = request.query_params.get("vendor")
        return JSONResponse({n: v.snapshot() for n, v in self.vendors.items() if wanted in (None, n)})

    async def add_fault(self, request: Request) -> Response:
        """Spoil the next requests of a vendor."""
        try:
            fault = self.faults.add(json_object(await request.body()), frozenset(self.vendors))
        except (NotJson, InvalidFault) as error:
            return _bad(str(error))
        return JSONResponse(fault.as_json(), status_code=201)

    async def list_faults(self, _request: Request) -> Response:
        """The faults asked for, and how often each was shown."""
        return JSONResponse({"faults": [fault.as_json() for fault in self.faults.all()]})

    async def clear_faults(self, _request: Request) -> Response:
        """Behave again."""
        self.faults.clear()
        return Response(status_code=204)


def _bad(message: str, status: int = 400) -> Response:
    return JSONResponse({"error": message}, status_code=status)

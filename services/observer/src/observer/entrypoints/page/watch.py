"""The pages that show how the fleet is: overview, one service, queues and the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from observer.application.judge_fleet import JudgeFleet
from observer.application.map_fleet import Edge, FleetMap, MapFleet, Node
from observer.application.watch_fleet import Watched
from observer.domain import map_layout
from observer.domain.fleet import QueueSeen, Replica
from observer.domain.operator import Operator
from observer.entrypoints.page.charts import OF_ONE, OF_THE_FLEET, shown
from observer.entrypoints.page.render import Language, Renderer, amount, duration, language_of, texts
from observer.entrypoints.page.rows import alert_rows
from observer.entrypoints.page.session import Sessions

MOST_ALERTS = 5
"""How many alerts the overview shows: whoever wants all goes to their page."""
_SIGNS = {"pass": "pass", "warn": "warn", "fail": "fail", "silent": "fail"}
"""How a service is, as a colour; a silent one fails."""


@dataclass(frozen=True, slots=True)
class NodeDrawn:
    """A service's box on the map; x and y are its upper left corner."""

    name: str
    status: str
    x: float
    y: float
    under: str
    words: str


@dataclass(frozen=True, slots=True)
class EdgeDrawn:
    """All that one service says to another, as one curve."""

    path: str
    head: str
    """The arrow's head, as the points of a polygon."""
    rate: float
    waiting: int
    width: float
    words: str


def watch_routes(
    sessions: Sessions, renderer: Renderer, watched: Watched, map_fleet: MapFleet, judged: JudgeFleet,
    clock: Callable[[], datetime],
) -> list[Route]:  # fmt: skip
    """The routes."""

    async def overview(request: Request, operator: Operator) -> Response:
        language, fleet = language_of(request), by_name(map_fleet(clock()))
        return renderer.page(
            request, "overview.html", operator, status_of=_SIGNS, fleet=fleet, blind=sorted(watched.blind),
            headline=headline(fleet.nodes, language), whole=worst_of(fleet.nodes), letters=_letters(watched),
            waiting=_waiting(watched), alerts=alert_rows(judged.open, language), most_alerts=MOST_ALERTS,
            nodes=draw_nodes(fleet, language), picture=map_layout, flow=sorted(fleet.edges, key=_busiest),
            edges=draw_edges(fleet, language), charts=shown(OF_THE_FLEET, language),
        )  # fmt: skip

    async def service(request: Request, operator: Operator) -> Response:
        name, language = request.path_params["name"], language_of(request)
        node = next((one for one in map_fleet(clock()).nodes if one.service == name), None)
        if node is None:
            return renderer.words(request, operator, "no_service", 404)
        return renderer.page(
            request, "one_service.html", operator, status_of=_SIGNS, node=node, replicas=_replicas(watched, name),
            queues=[one for one in watched.queues or () if one.service == name],
            alerts=alert_rows([one for one in judged.open if one.service == name], language),
            charts=shown(OF_ONE, language, service=name),
        )  # fmt: skip

    async def queues(request: Request, operator: Operator) -> Response:
        ordered = sorted(watched.queues or (), key=_most_waiting)
        blind, database = sorted(watched.blind), watched.database
        return renderer.page(request, "queues.html", operator, queues=ordered, blind=blind, database=database)

    return [
        Route("/", sessions.reads(overview), methods=["GET"]),
        Route("/page/services/{name}", sessions.reads(service), methods=["GET"]),
        Route("/page/queues", sessions.reads(queues), methods=["GET"]),
    ]


def by_name(fleet: FleetMap) -> FleetMap:
    """The services in an order that stays, whoever answers first: what has the reader's focus keeps its place."""
    return replace(fleet, nodes=tuple(sorted(fleet.nodes, key=lambda node: node.service)))


def worst_of(nodes: Iterable[Node]) -> str:
    """The worst of all services, as a colour; of none at all a warning."""
    signs = {_SIGNS[node.health] for node in nodes}
    return next((sign for sign in ("fail", "warn", "pass") if sign in signs), "warn")


def headline(nodes: Sequence[Node], language: Language) -> str:
    """How the fleet is, in a sentence."""
    words, whole = texts(language), worst_of(nodes)
    if not nodes:
        return words["headline_none"]
    names = ", ".join(sorted(node.service for node in nodes if _SIGNS[node.health] == whole))
    return words[f"headline_{whole}"].format(services=len(nodes), names=names)


def draw_nodes(fleet: FleetMap, language: Language) -> list[NodeDrawn]:
    """The boxes of the map, each with its words for those who do not see it."""
    places = _places(fleet)
    words = texts(language)
    drawn: list[NodeDrawn] = []
    for node in fleet.nodes:
        place = places[node.service]
        p95 = duration(node.p95_ms / 1000, language=language) if node.p95_ms is not None else "–"
        drawn.append(
            NodeDrawn(
                node.service, _SIGNS[node.health], place.x - map_layout.NODE_WIDTH / 2,
                place.y - map_layout.NODE_HEIGHT / 2, f"{node.answering}/{node.replicas} · p95 {p95}",
                words["node_words"].format(
                    service=node.service, status=words[f"status_{node.health}"], answering=node.answering,
                    replicas=node.replicas, p95=p95, alerts=node.alerts,
                ),
            )
        )  # fmt: skip
    return drawn


def draw_edges(fleet: FleetMap, language: Language) -> list[EdgeDrawn]:
    """One curve for each two services that speak, however many messages they have for each other."""
    places, together = _places(fleet), dict[tuple[str, str], list[Edge]]()
    for edge in fleet.edges:
        if edge.sender in places and edge.hearer in places and edge.sender != edge.hearer:
            together.setdefault((edge.sender, edge.hearer), []).append(edge)
    drawn: list[EdgeDrawn] = []
    for (sender, hearer), edges in sorted(together.items()):
        rate, waiting = sum(one.per_second for one in edges), sum(one.waiting or 0 for one in edges)
        words = f"{sender} → {hearer}: {amount(rate, language=language)}/s"
        curve = map_layout.curve(places[sender], places[hearer])
        drawn.append(EdgeDrawn(curve.path, curve.head, rate, waiting, 1.5 + min(rate, 10.0) * 0.35, words))
    return drawn


def _places(fleet: FleetMap) -> dict[str, map_layout.Place]:
    pairs = [(edge.sender, edge.hearer) for edge in fleet.edges]
    return dict(map_layout.places([node.service for node in fleet.nodes], pairs))


def _letters(watched: Watched) -> dict[str, int]:
    found: dict[str, int] = {}
    for one in watched.roster.present:
        if one.health is not None and one.health.dead_letters is not None:
            name = one.address.service
            found[name] = max(found.get(name, 0), one.health.dead_letters)  # replicas share one table
    return found


def _waiting(watched: Watched) -> int | None:
    """How many messages wait in all queues; None while they are not seen."""
    return None if watched.queues is None else sum(queue.waiting for queue in watched.queues)


def _busiest(edge: Edge) -> tuple[int, float, str, str, str]:
    return -(edge.waiting or 0), -edge.per_second, edge.sender, edge.hearer, edge.message


def _replicas(watched: Watched, name: str) -> list[Replica]:
    return [one for one in watched.roster.present if one.address.service == name]


def _most_waiting(queue: QueueSeen) -> tuple[int, str]:
    return -queue.waiting, queue.name

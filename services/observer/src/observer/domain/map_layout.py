"""Where the services stand on the fleet's map: the busiest in the middle, the others around it, in an order that stays."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import cos, hypot, pi, sin

WIDTH, HEIGHT = 1100.0, 620.0
NODE_WIDTH, NODE_HEIGHT = 168.0, 54.0
_HEAD = 9.0
"""The length of an arrow's head."""
_BEND = 0.12
"""How far an edge bows out, as a share of its length: both directions between two services stay apart."""


@dataclass(frozen=True, slots=True)
class Place:
    """The middle of a service's box, in units of the picture."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Curve:
    """An edge as a quadratic curve from box to box."""

    start: Place
    control: Place
    end: Place

    @property
    def path(self) -> str:
        """The curve as an SVG path."""
        return (
            f"M{self.start.x:.1f} {self.start.y:.1f} "
            f"Q{self.control.x:.1f} {self.control.y:.1f} {self.end.x:.1f} {self.end.y:.1f}"
        )

    @property
    def head(self) -> str:
        """The arrow's head at its end, as the points of an SVG polygon."""
        dx, dy = self.end.x - self.control.x, self.end.y - self.control.y
        length = hypot(dx, dy) or 1.0
        along, across = (
            (dx / length * _HEAD, dy / length * _HEAD),
            (-dy / length * _HEAD / 2, dx / length * _HEAD / 2),
        )
        x, y = self.end.x - along[0], self.end.y - along[1]
        corners = (
            (self.end.x, self.end.y),
            (x + across[0], y + across[1]),
            (x - across[0], y - across[1]),
        )
        return " ".join(f"{one:.1f},{other:.1f}" for one, other in corners)


def places(services: Sequence[str], edges: Iterable[tuple[str, str]]) -> Mapping[str, Place]:
    """A place for every service: whoever has the most neighbours in the middle, the others on an ellipse by name."""
    neighbours = Counter[str]()
    for one, other in {(min(pair), max(pair)) for pair in edges if pair[0] != pair[1]}:
        neighbours.update((one, other))
    ordered = sorted(services)
    hub = max(ordered, key=lambda name: neighbours[name]) if neighbours else None
    found = {hub: Place(WIDTH / 2, HEIGHT / 2)} if hub is not None else {}
    around = [name for name in ordered if name != hub]
    for number, name in enumerate(around):
        angle = 2 * pi * number / len(around) - pi / 2
        found[name] = Place(
            WIDTH / 2 + (WIDTH / 2 - NODE_WIDTH / 2 - 8) * cos(angle),
            HEIGHT / 2 + (HEIGHT / 2 - NODE_HEIGHT / 2 - 8) * sin(angle),
        )
    return found


def curve(start: Place, end: Place) -> Curve:
    """An edge that leaves and meets the boxes at their borders."""
    dx, dy = end.x - start.x, end.y - start.y
    control = Place((start.x + end.x) / 2 - dy * _BEND, (start.y + end.y) / 2 + dx * _BEND)
    return Curve(_border(start, control), control, _border(end, control))


def _border(box: Place, toward: Place) -> Place:
    """Where the line from a box's middle toward a point leaves the box."""
    dx, dy = toward.x - box.x, toward.y - box.y
    if dx == dy == 0:
        return box
    scale = min(
        NODE_WIDTH / 2 / abs(dx) if dx else float("inf"), NODE_HEIGHT / 2 / abs(dy) if dy else float("inf")
    )
    return Place(box.x + dx * min(scale, 1.0), box.y + dy * min(scale, 1.0))

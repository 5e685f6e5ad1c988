"""The fleet's map: everybody has a place within the picture, nobody stands on another, edges end at the boxes."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observer.domain.map_layout import HEIGHT, NODE_HEIGHT, NODE_WIDTH, WIDTH, Place, curve, places

FLEET = [
    "billing", "conversation", "crm-sync", "email-ingest", "file-management", "gateway", "notification", "observer",
    "ocr", "orchestrator", "reporting", "scheduling", "telephony", "tenancy", "messaging", "console",
]  # fmt: skip


def test_sixteen_services_stand_within_the_picture_and_beside_each_other() -> None:
    found = places(FLEET, [("orchestrator", name) for name in FLEET])

    assert set(found) == set(FLEET)
    for one in found.values():
        assert NODE_WIDTH / 2 <= one.x <= WIDTH - NODE_WIDTH / 2
        assert NODE_HEIGHT / 2 <= one.y <= HEIGHT - NODE_HEIGHT / 2
    for one, other in combinations(found.values(), 2):
        assert abs(one.x - other.x) >= NODE_WIDTH or abs(one.y - other.y) >= NODE_HEIGHT


def test_whoever_has_the_most_neighbours_stands_in_the_middle() -> None:
    found = places(
        FLEET, [("orchestrator", "ocr"), ("gateway", "orchestrator"), ("ocr", "ocr"), ("ocr", "ocr")]
    )

    assert found["orchestrator"] == Place(WIDTH / 2, HEIGHT / 2)


@pytest.mark.parametrize("services", [[], ["ocr"], ["ocr", "gateway"]])
def test_a_small_fleet_has_places_too(services: list[str]) -> None:
    assert set(places(services, [])) == set(services)


@given(st.permutations(FLEET))
def test_a_place_does_not_depend_on_the_order_in_which_services_were_seen(order: list[str]) -> None:
    edges = [("tenancy", "ocr"), ("tenancy", "gateway")]

    assert places(order, edges) == places(FLEET, edges)


@given(st.floats(0, WIDTH), st.floats(0, HEIGHT), st.floats(0, WIDTH), st.floats(0, HEIGHT))
def test_an_edge_leaves_and_meets_the_boxes_at_their_borders(
    x1: float, y1: float, x2: float, y2: float
) -> None:
    start, end = Place(x1, y1), Place(x2, y2)
    drawn = curve(start, end)

    for box, border in ((start, drawn.start), (end, drawn.end)):
        assert abs(border.x - box.x) <= NODE_WIDTH / 2 + 1e-6
        assert abs(border.y - box.y) <= NODE_HEIGHT / 2 + 1e-6
    assert drawn.head.count(",") == 3


def test_both_directions_between_two_services_stay_apart() -> None:
    one, other = Place(100, 100), Place(700, 400)

    assert curve(one, other).control != curve(other, one).control

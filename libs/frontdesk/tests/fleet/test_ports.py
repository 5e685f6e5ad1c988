"""Which ports a fleet takes on one machine."""

from pathlib import Path

from frontdesk.fleet.plan import plan_fleet
from frontdesk.fleet.roster import service_points

ENVIRONMENT = {"FRONTDESK_ADMIN_TOKEN": "nobody's"}


def test_a_fleet_of_another_folder_leaves_the_services_own_ports_alone_and_remembers_its(
    tmp_path: Path,
) -> None:
    plan = plan_fleet(tmp_path, None, ENVIRONMENT)

    assert set(plan.ports) == {point.name for point in service_points()}
    assert not set(plan.ports.values()) & set(range(8000, 8100))
    assert plan_fleet(tmp_path, None, ENVIRONMENT).ports == plan.ports

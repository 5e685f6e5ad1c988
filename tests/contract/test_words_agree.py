"""What several rooms must say alike although none of them may import another's: a pure domain knows nobody."""

import pytest

import frontdesk.commands.people
import gateway.domain.access
import tenancy.domain.permissions
from chassis.callers import scope_of
from gateway.domain.operations import default_scope


def test_those_who_run_the_fleet_have_one_name() -> None:
    names = {
        frontdesk.commands.people.FLEET,
        gateway.domain.access.FLEET,
        tenancy.domain.permissions.FLEET,
    }

    assert len(names) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "path", ["/api/v1/leads", "/api/v2/api-keys/{key_id}", "/api/v1/tenants/{tenant_id}/audit"]
)
def test_door_and_service_want_the_same_scope_where_a_route_says_none(path: str, method: str) -> None:
    assert default_scope(path, method) == scope_of(path, method, None)

from __future__ import annotations

import pytest

from gateway.domain.resources import RESOURCES, climbs, end_to_end
from gateway.settings import Settings


def test_headers_of_the_connection_end_at_the_gateway() -> None:
    given = [
        (b"Connection", b"close, X-Secret-Hop"), (b"X-Secret-Hop", b"1"), (b"TE", b"trailers"),
        (b"Transfer-Encoding", b"chunked"), (b"X-Tenant-Id", b"muster"), (b"Set-Cookie", b"a"), (b"set-cookie", b"b"),
    ]  # fmt: skip

    assert end_to_end(given) == [(b"X-Tenant-Id", b"muster"), (b"Set-Cookie", b"a"), (b"set-cookie", b"b")]


@pytest.mark.parametrize(
    "path",
    [b"/api/v1/tenants/../../internal/hooks", b"/api/v1/tenants/%2e%2E/x", b"/api/v1/./tenants", b"/a/..%2f..%2Fb",
     b"/a/..\\b", b"/a/%2e%2e%5cb"],
)  # fmt: skip
def test_a_path_that_climbs_is_seen(path: bytes) -> None:
    assert climbs(path)


@pytest.mark.parametrize(
    "path", [b"/api/v1/files/a..b", b"/api/v1/files/.hidden", b"/api/v1/files/x.pdf/..."]
)
def test_full_stops_in_a_name_are_no_climbing(path: bytes) -> None:
    assert not climbs(path)


def test_every_service_in_the_table_has_an_address() -> None:
    assert set(RESOURCES.values()) <= set(Settings.model_fields["upstreams"].default)

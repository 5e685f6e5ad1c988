from __future__ import annotations

import pytest

from gateway.domain.headers import end_to_end, tricky


def test_headers_of_the_connection_end_at_the_gateway() -> None:
    given = [
        (b"Connection", b"close, X-Secret-Hop"), (b"X-Secret-Hop", b"1"), (b"TE", b"trailers"),
        (b"Transfer-Encoding", b"chunked"), (b"X-Tenant-Id", b"muster"), (b"Set-Cookie", b"a"), (b"set-cookie", b"b"),
    ]  # fmt: skip

    assert end_to_end(given) == [(b"X-Tenant-Id", b"muster"), (b"Set-Cookie", b"a"), (b"set-cookie", b"b")]


@pytest.mark.parametrize(
    "path",
    [b"/api/v1/tenants/../../internal/hooks", b"/api/v1/tenants/%2e%2E/x", b"/api/v1/./tenants", b"/a/..%2f..%2Fb",
     b"/a/..\\b", b"/a/%2e%2e%5cb", b"/api//v1", b"//api", b"/a/..;x/b", b"/a/%00", b"/a/b%2Fc", b"/a/.", b"/a/\xff"],
)  # fmt: skip
def test_a_path_that_could_mean_two_things_is_seen(path: bytes) -> None:
    assert tricky(path)


@pytest.mark.parametrize(
    "path", [b"/api/v1/files/a..b", b"/api/v1/files/.hidden", b"/api/v1/files/x.pdf/...", b"/api/v1/files/",
             b"/api/v1/files/M%C3%BCller;1", b"/api/v1/files/%252f"]
)  # fmt: skip
def test_full_stops_semicolons_and_umlauts_in_a_name_are_no_trick(path: bytes) -> None:
    assert not tricky(path)

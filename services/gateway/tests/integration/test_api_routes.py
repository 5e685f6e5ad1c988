from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
import zstandard

from gateway.app import create_service
from testkit.behind import Behind
from testkit.door import TenancyDoor, described, describing, served, upstreams
from testkit.service import RunningService, free_port, running

LIMIT = 200_000


@pytest.fixture(scope="module")
def behind() -> Behind:
    return Behind()


@pytest.fixture(scope="module")
async def gateway(
    environment: dict[str, str], behind: Behind, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[RunningService]:
    async with AsyncExitStack() as stack:
        files = await stack.enter_async_context(served(behind.routes()))
        others = await stack.enter_async_context(served([describing(described())]))
        ocr_port = free_port()
        async with served([describing(described("GET /api/v1/documents/{document_id}"))], ocr_port) as ocr:
            tenancy = await stack.enter_async_context(served(TenancyDoor().routes()))
            own = {
                "TENANCY_URL": tenancy,
                "GATEWAY_SNAPSHOT_PATH": str(tmp_path_factory.mktemp("gateway") / "hooks.sealed"),
                "GATEWAY_UPSTREAMS": upstreams(file_management=files, ocr=ocr, others=others),
                "GATEWAY_UPSTREAM_SECONDS": "0.5",
                "GATEWAY_UPSTREAM_TOTAL_SECONDS": "1.5",
                "GATEWAY_ANSWER_LIMIT": "2000000",
                "GATEWAY_BODY_LIMIT": str(LIMIT),
                "GATEWAY_BODY_IDLE_SECONDS": "0.4",
                "GATEWAY_CORS_ORIGINS": '["https://app.example.com"]',
            }
            gateway = await stack.enter_async_context(running(create_service, environment | own))
            assert (await gateway.http.get("/api/v1/documents/1")).status_code == 404
        yield gateway


def refused(answer: httpx.Response, status: int) -> bool:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"]
    return answer.json()["status"] == status


async def raw(gateway: RunningService, line: bytes, rest: bytes) -> bytes:
    """What the gateway answers to these bytes, with the token between them and the connection left open."""
    token = gateway.http.headers["authorization"].encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.service.settings.port)
    try:
        writer.write(line + b"Host: gateway\r\nAuthorization: " + token + b"\r\n" + rest)
        await writer.drain()
        async with asyncio.timeout(10):
            return await reader.read(65536)
    finally:
        writer.close()


async def test_a_request_reaches_its_service_as_it_was_and_the_answer_comes_back(
    gateway: RunningService,
) -> None:
    answer = await gateway.http.put(
        "/api/v1/files/M%C3%BCller;2026?a=1&b=%20",
        content="Grüße".encode(),
        headers={
            "X-Tenant-Id": "muster",
            "X-Request-Id": "r-1",
            "Forwarded": "for=6.6.6.6",
            "X-Forwarded-For": "6.6.6.6",
            "TE": "trailers",
        },
    )

    assert answer.status_code == 418
    seen = answer.json()
    assert (seen["method"], seen["path"], seen["query"], seen["body"]) == (
        "PUT", "/api/v1/files/M%C3%BCller;2026", "a=1&b=%20", "Grüße",
    )  # fmt: skip
    assert seen["headers"]["x-tenant-id"] == "muster"
    assert seen["headers"]["authorization"] == gateway.http.headers["authorization"]
    assert seen["headers"]["x-request-id"] == answer.headers["x-request-id"] == "r-1"
    assert "6.6.6.6" not in str(seen["headers"]) or seen["headers"]["x-forwarded-for"] != "6.6.6.6, 127.0.0.1"
    assert not {"te", "forwarded"} & seen["headers"].keys()
    assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert "x-hop" not in answer.headers


async def test_a_request_without_a_sound_id_gets_one(gateway: RunningService) -> None:
    answer = await gateway.http.get("/api/v1/files", headers={"X-Request-Id": "a b" * 100})

    assert len(answer.headers["x-request-id"]) == 36
    assert answer.json()["headers"]["x-request-id"] == answer.headers["x-request-id"]


async def test_answers_say_how_browsers_must_treat_them(gateway: RunningService) -> None:
    answer = await gateway.http.get("/api/v1/files")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "Authorization" in answer.headers["vary"]


async def test_a_path_that_no_service_declares_is_not_found(gateway: RunningService, behind: Behind) -> None:
    behind.seen.clear()

    for path in ("/api/v1/secrets", "/api/v1/files/1/content", "/api/v3/files", "/api/v1/files/", "/api/"):
        assert refused(await gateway.http.get(path), 404)
    assert (await gateway.http.get("/internal/secrets")).status_code == 404
    assert behind.seen == []


async def test_a_method_that_no_service_declares_is_not_allowed(gateway: RunningService) -> None:
    answer = await gateway.http.delete("/api/v1/files")

    assert refused(answer, 405)
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST, PUT"


async def test_a_second_version_of_the_api_stands_beside_the_first(gateway: RunningService) -> None:
    assert (await gateway.http.get("/api/v2/files")).json()["path"] == "/api/v2/files"
    assert list((await gateway.http.get("/api/v2/openapi.json")).json()["paths"]) == ["/api/v2/files"]


async def test_the_head_of_a_read_is_answered_without_its_body(gateway: RunningService) -> None:
    answer = await gateway.http.head("/api/v1/files/large", headers={"Accept-Encoding": "identity"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) > 1000


@pytest.mark.parametrize(
    "path",
    [
        b"/api/v1/files/../../../internal/secrets",
        b"/api/v1/files/%2e%2e/%2E./internal",
        b"/api/v1/files/..%2f..%2fx",
        b"/api/v1/files/a%2Fb",
        b"/api/v1/files/a%5cb",
        b"/api/v1/files/a\\b",
        b"/api/v1//files",
        b"//api/v1/files",
        b"/api/v1/files/..;/x",
        b"/api/v1/files/%00",
        b"/api/v1/./files",
    ],
)
async def test_no_path_that_could_mean_two_things_reaches_a_service(
    gateway: RunningService, behind: Behind, path: bytes
) -> None:
    behind.seen.clear()

    answer = await raw(gateway, b"GET " + path + b" HTTP/1.1\r\n", b"Connection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert behind.seen == []


async def test_a_service_that_is_down_is_told_as_such(gateway: RunningService) -> None:
    answer = await gateway.http.get("/api/v1/documents/1")

    assert refused(answer, 502)
    assert "ocr" in answer.json()["detail"]


async def test_a_service_that_is_too_slow_is_told_as_such(gateway: RunningService) -> None:
    assert refused(await gateway.http.get("/api/v1/files/slow"), 504)


async def test_an_answer_streams_as_it_is_made(gateway: RunningService, behind: Behind) -> None:
    behind.go_on.clear()
    async with gateway.http.stream("GET", "/api/v1/files/streamed") as answer:
        chunks = answer.aiter_raw()
        first = await anext(chunks)
        behind.go_on.set()
        rest = b"".join([chunk async for chunk in chunks])

    assert (first, rest) == (b"first", b"second")


@pytest.mark.parametrize("name", ["broken", "endless", "huge"])
async def test_an_answer_that_breaks_off_never_ends_or_is_too_large_is_broken_off(
    gateway: RunningService, name: str
) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await gateway.http.get(f"/api/v1/files/{name}")

    metrics = (await gateway.http.get("/metrics")).text
    reason = {"broken": "was broken off by its service", "endless": "took too long", "huge": "was too large"}[
        name
    ]
    assert f'answers_cut_total{{reason="{reason}",service="file-management"}}' in metrics


async def test_an_answer_that_declares_too_much_is_not_begun(gateway: RunningService) -> None:
    assert refused(await gateway.http.get("/api/v1/files/huge?declared"), 502)


async def test_a_body_streams_to_its_service(gateway: RunningService) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 50_000

    answer = await gateway.http.post("/api/v1/files/count", content=body())

    assert answer.json() == {"bytes": 150_000}


async def test_a_body_over_the_limit_is_refused_declared_or_streamed(gateway: RunningService) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * 50_000

    declared = await gateway.http.post("/api/v1/files/count", content=b"x" * (LIMIT + 1))
    streamed = await gateway.http.post("/api/v1/files/count", content=body())

    assert refused(declared, 413)
    assert refused(streamed, 413)


async def test_a_compressed_body_is_refused_unopened(gateway: RunningService, behind: Behind) -> None:
    behind.seen.clear()
    bomb = gzip.compress(b"0" * 10_000_000)

    answer = await gateway.http.post("/api/v1/files", content=bomb, headers={"Content-Encoding": "gzip"})

    assert refused(answer, 415)
    assert behind.seen == []


async def test_a_body_that_stands_still_is_cut_off(gateway: RunningService) -> None:
    answer = await raw(gateway, b"POST /api/v1/files/count HTTP/1.1\r\n", b"Content-Length: 10\r\n\r\nx")

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"cut off" in answer


async def test_a_length_that_is_said_twice_is_refused(gateway: RunningService, behind: Behind) -> None:
    behind.seen.clear()

    twice = await raw(
        gateway, b"POST /api/v1/files HTTP/1.1\r\n",
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    )  # fmt: skip

    assert twice.startswith(b"HTTP/1.1 400 ")
    assert behind.seen == []


async def test_more_headers_than_anybody_needs_are_refused(gateway: RunningService, behind: Behind) -> None:
    behind.seen.clear()

    large = await gateway.http.get("/api/v1/files", headers={"X-Large": "x" * 40_000})
    megabyte = await gateway.http.get("/api/v1/files", headers={"X-Large": "x" * 1_000_000})

    assert refused(large, 431)
    assert megabyte.status_code == 431
    assert behind.seen == []


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
async def test_a_large_json_answer_is_compressed_for_who_asks(gateway: RunningService, encoding: str) -> None:
    headers = {"Accept-Encoding": encoding}
    async with gateway.http.stream("GET", "/api/v1/files/large", headers=headers) as answer:
        content = b"".join([chunk async for chunk in answer.aiter_raw()])

    opened = gzip.decompress(content) if encoding == "gzip" else zstandard.decompress(content)
    assert answer.headers["content-encoding"] == encoding
    assert json.loads(opened) == ["Grüße"] * 1000


@pytest.mark.parametrize(
    ("path", "accepted"), [("secret", "gzip"), ("large", "identity"), ("large", "gzip;q=0")]
)
async def test_what_may_hold_a_secret_or_is_not_asked_for_is_not_compressed(
    gateway: RunningService, path: str, accepted: str
) -> None:
    answer = await gateway.http.get(f"/api/v1/files/{path}", headers={"Accept-Encoding": accepted})

    assert "content-encoding" not in answer.headers


async def test_only_listed_web_pages_may_ask_from_a_browser(gateway: RunningService) -> None:
    asked = {"Access-Control-Request-Method": "PUT", "Authorization": ""}
    known = {"Origin": "https://app.example.com"}
    other = {"Origin": "https://evil.example.com"}

    preflight = await gateway.http.options("/api/v1/files", headers=asked | known)
    answer = await gateway.http.get("/api/v1/secrets", headers=known)

    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == "https://app.example.com"
    assert "PUT" in preflight.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    assert refused(await gateway.http.options("/api/v1/files", headers=asked | other), 403)
    assert (
        "access-control-allow-origin" not in (await gateway.http.get("/api/v1/files", headers=other)).headers
    )


async def test_the_whole_api_is_described_in_one_document(gateway: RunningService) -> None:
    answer = await gateway.http.get("/openapi.json", headers={"Authorization": ""})
    again = await gateway.http.get("/openapi.json", headers={"If-None-Match": answer.headers["etag"]})

    document = answer.json()
    assert set(document["paths"]) == {
        "/api/v1/files", "/api/v1/files/{file_id}", "/api/v2/files", "/api/v1/documents/{document_id}",
    }  # fmt: skip
    read = document["paths"]["/api/v1/files"]["get"]
    assert read["security"] == [{"bearer": ["files:read"]}, {"apiKey": ["files:read"]}]
    assert {"401", "403", "404", "413", "415", "429", "431", "502", "503", "504"} <= read["responses"].keys()
    assert again.status_code == 304


async def test_the_page_for_people_asks_nobody_outside(gateway: RunningService) -> None:
    page = await gateway.http.get("/docs", headers={"Authorization": ""})
    assets = [
        await gateway.http.get(f"/docs/{name}")
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js")
    ]

    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "script-src 'self';" in page.headers["content-security-policy"]
    assert [asset.status_code for asset in assets] == [200, 200, 200]
    assert (await gateway.http.get("/docs/settings.py")).status_code == 404

"""What a vendor does on the wire, and which of the five errors we then hear."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
from pydantic import BaseModel

from chassis.errors import NeedsTenant, NeverRetry, RetryLater
from vendorkit import (
    Guard,
    HostGates,
    Limits,
    VendorAuthExpired,
    VendorClient,
    VendorContractBroken,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)

HANG = b"HANG"
CUT = b"CUT"
HERE = Guard.allowing("127.0.0.1")


class Party(BaseModel):
    id: int
    name: str


@pytest.fixture
async def client(vendor) -> AsyncIterator[VendorClient]:
    limits = Limits(connect=1, read=0.3, total=2, response_bytes=1000, per_host=2)
    async with VendorClient(
        "acme", vendor.address, credential="acme-key", headers={"X-Key": "s3cret"}, limits=limits, guard=HERE
    ) as made:
        yield made


async def test_an_answer_becomes_a_model(vendor, client: VendorClient) -> None:
    vendor.says("200 OK", '{"id": 7, "name": "Müller"}'.encode())
    assert await client.get("/party", Party, params={"q": "a b"}) == Party(id=7, name="Müller")
    assert vendor.requests[0].startswith(b"GET /party?q=a+b ")
    assert b"x-key: s3cret" in vendor.requests[0].lower()


async def test_a_list_is_read_as_a_list_of_models(vendor, client: VendorClient) -> None:
    vendor.says("201 Created", b'[{"id": 1, "name": "a"}]')
    assert await client.post("/party", list[Party], json={"n": 1}) == [Party(id=1, name="a")]
    assert vendor.requests[0].endswith(b'{"n":1}')


async def test_no_proxy_of_the_environment_stands_between_the_guard_and_the_vendor(
    vendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    vendor.says("200 OK", b'{"id": 7, "name": "a"}')
    async with VendorClient("acme", vendor.address, credential="acme-key", guard=HERE) as client:
        assert (await client.get("/party", Party)).id == 7


@pytest.mark.parametrize(
    ("header", "seconds"), [("Retry-After: 7", 7.0), ("Retry-After: Fri, 01 Jan 1999 00:00:00 GMT", 0.0)]
)
@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_a_vendor_that_names_a_time_is_asked_again_at_that_time(
    vendor, client, status, header, seconds
) -> None:
    vendor.says(status, b"", header)
    with pytest.raises(VendorRateLimited) as caught:
        await client.get("/party", Party)
    assert caught.value.retry_after == caught.value.after == seconds
    assert isinstance(caught.value, RetryLater)


@pytest.mark.parametrize(
    ("status", "ambiguous"),
    [("500 Error", False), ("503 Busy", False), ("502 Bad Gateway", True), ("504 Late", True)],
)
async def test_a_failing_vendor_is_tried_again_later(vendor, client, status, ambiguous) -> None:
    vendor.says(status, b"<html>oops</html>")
    with pytest.raises(VendorUnavailable) as caught:
        await client.post("/party", Party, json={})
    assert caught.value.ambiguous is ambiguous
    assert "oops" not in str(caught.value)


async def test_a_hanging_vendor_is_given_up_and_the_request_may_have_happened(vendor, client) -> None:
    vendor.answers.append(HANG)
    with pytest.raises(VendorUnavailable, match="may have taken effect") as caught:
        await client.post("/party", Party, json={})
    assert caught.value.ambiguous


async def test_a_cut_connection_may_have_happened(vendor, client) -> None:
    vendor.answers.append(CUT)
    with pytest.raises(VendorUnavailable, match="cut the connection") as caught:
        await client.post("/party", Party, json={})
    assert caught.value.ambiguous


async def test_an_answer_that_breaks_off_in_the_middle_may_have_happened(vendor, client) -> None:
    vendor.answers += [b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"id": 1', CUT]
    with pytest.raises(VendorUnavailable) as caught:
        await client.get("/party", Party)
    assert caught.value.ambiguous


async def test_a_vendor_that_is_not_there_was_never_asked() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with VendorClient("acme", address, credential="k", guard=HERE) as client:
            with pytest.raises(VendorUnavailable, match="nothing was sent") as caught:
                await client.get("/party", Party)
    assert not caught.value.ambiguous


async def test_a_request_that_waits_for_its_turn_too_long_was_never_sent(vendor) -> None:
    vendor.answers.append(HANG)
    gates = HostGates(1)
    patient = VendorClient(
        "acme", vendor.address, credential="k", limits=Limits(total=30), gates=gates, guard=HERE
    )
    hasty = VendorClient(
        "acme", vendor.address, credential="k", limits=Limits(total=0.2), gates=gates, guard=HERE
    )
    async with patient, hasty:
        first = asyncio.create_task(patient.get("/first", Party))
        await vendor.asked.wait()
        with pytest.raises(VendorUnavailable, match="nothing was sent") as caught:
            await hasty.get("/second", Party)
        vendor.release.set()
        with pytest.raises(VendorUnavailable):
            await first
    assert not caught.value.ambiguous
    assert len(vendor.requests) == 1


async def test_a_wrong_credential_is_asked_of_the_tenant_by_name(vendor, client) -> None:
    vendor.says("401 Unauthorized", b'{"error": {"message": "bad key sk-12345678901234567890"}}')
    with pytest.raises(VendorAuthExpired) as caught:
        await client.get("/party", Party)
    assert caught.value.credential == "acme-key"
    assert isinstance(caught.value, NeedsTenant)
    assert "12345678901234567890" not in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("forbidden", "error"), [("rejected", VendorRejected), ("auth_expired", VendorAuthExpired)]
)
async def test_what_a_403_means_is_the_vendors_affair(vendor, forbidden, error) -> None:
    vendor.says("403 Forbidden", b"{}")
    async with VendorClient(
        "acme", vendor.address, credential="k", forbidden=forbidden, guard=HERE
    ) as client:
        with pytest.raises(error):
            await client.get("/party", Party)


async def test_a_refusal_repeats_the_vendors_own_words_without_personal_data(vendor, client) -> None:
    vendor.says(
        "422 No",
        '{"error": "anna.müller@example.at +43 664 1234567 has no such field, so we say no"}'.encode(),
    )
    with pytest.raises(VendorRejected) as caught:
        await client.get("/party", Party)
    assert caught.value.status == 422
    assert isinstance(caught.value, NeverRetry)
    assert "has no such field" in str(caught.value)
    assert "example.at" not in str(caught.value)
    assert "1234567" not in str(caught.value)


@pytest.mark.parametrize("body", [b"<html>", b'{"id": "Anna"}', b"", b"{"])
async def test_an_answer_in_an_unknown_form_is_told_to_us_without_its_values(vendor, client, body) -> None:
    vendor.says("200 OK", body)
    with pytest.raises(VendorContractBroken) as caught:
        await client.get("/party", Party)
    assert isinstance(caught.value, NeverRetry)
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize("status", ["302 Found", "307 Temporary Redirect"])
async def test_a_redirect_is_not_followed(vendor, client, status) -> None:
    vendor.says(status, b"", "Location: http://127.0.0.1:1/elsewhere")
    with pytest.raises(VendorContractBroken):
        await client.get("/party", Party)
    assert len(vendor.requests) == 1


async def test_an_answer_without_end_is_not_read_to_its_end(vendor, client) -> None:
    vendor.says("200 OK", b'"' + b"a" * 5000 + b'"')
    with pytest.raises(VendorContractBroken, match="1000 bytes"):
        await client.get("/party", str)


async def test_a_host_gets_no_more_requests_at_once_than_agreed(vendor, client) -> None:
    vendor.says("200 OK", b'{"id": 1, "name": "a"}')
    await asyncio.gather(*(client.get("/party", Party) for _ in range(10)))
    assert len(vendor.requests) == 10
    assert vendor.most_open == 2


async def test_a_request_is_sent_once_whatever_happens(vendor, client) -> None:
    vendor.says("500 Error")
    with pytest.raises(VendorUnavailable):
        await client.post("/party", Party, json={})
    assert len(vendor.requests) == 1


async def test_a_credential_with_a_line_break_is_refused_before_it_leaves(vendor) -> None:
    vendor.says("200 OK", b"{}")
    async with VendorClient(
        "acme", vendor.address, credential="k", headers={"X-Key": "a\nb"}, guard=HERE
    ) as client:
        with pytest.raises(VendorRejected):
            await client.get("/party", Party)
    assert vendor.requests == []


def test_an_address_that_is_not_of_the_web_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="must begin with http"):
        VendorClient("acme", "file:///etc", credential="k")

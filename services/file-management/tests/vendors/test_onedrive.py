"""OneDrive when things go wrong: each failure means what delivery must do, and nothing is filed twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import cast

import pytest
from pydantic import SecretStr

from file_management.adapters.microsoft_login import AppRegistration, MicrosoftLogin
from file_management.adapters.onedrive.adapter import PIECE, OneDrive
from file_management.adapters.onedrive.client import DriveClient
from file_management.adapters.onedrive.mapping import DriveItem, FileFacet, Hashes, UploadSession, sameness
from file_management.domain.content import Content
from file_management.domain.place import Place
from testkit.sandbox import TO_THE_SANDBOX, Sandbox
from vendorkit import (
    VendorAuthExpired,
    VendorContractBroken,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
)

PLACE = Place(("2026", "Käthe Müßig"), "Ausweis.pdf")
SMALL = Content(b"Ausweis", "application/pdf")
LARGE = Content(bytes(range(251)) * (2 * PIECE // 251 + 500), "application/pdf")
USER = "office@acme.test"


@pytest.fixture
async def graph(sandbox: Sandbox) -> AsyncIterator[Sandbox]:
    await sandbox.clear_faults()
    await sandbox.reset("graph")
    await sandbox.seed("graph", clients=[{"client_id": "app", "client_secret": "geheim"}])
    yield sandbox
    await sandbox.clear_faults()


@pytest.fixture
async def onedrive(graph: Sandbox) -> AsyncIterator[OneDrive]:
    client = connect(graph)
    yield OneDrive(client)
    await client.aclose()


def connect(sandbox: Sandbox, *, secret: str = "geheim", user: str = USER) -> DriveClient:
    login = AppRegistration(sandbox.address("graph_login"), "acme-directory", "app", SecretStr(secret))
    return DriveClient(
        sandbox.address("graph"),
        user,
        MicrosoftLogin(login, TO_THE_SANDBOX),
        seconds=3.0,
        guard=TO_THE_SANDBOX,
    )


async def files(sandbox: Sandbox) -> list[tuple[str, int]]:
    drives = cast("dict[str, list[dict[str, object]]]", await sandbox.state("graph"))
    return [
        (str(item["path"]), cast(int, item["size"]))
        for item in drives.get(USER, [])
        if item["kind"] == "file"
    ]


async def test_a_wrong_secret_asks_the_tenant_for_a_new_one(graph: Sandbox) -> None:
    with pytest.raises(VendorAuthExpired, match="AADSTS7000215") as failure:
        await OneDrive(connect(graph, secret="falsch")).put(PLACE, SMALL)
    assert failure.value.credential == "graph"
    assert "falsch" not in str(failure.value)


async def test_an_expired_token_is_renewed_unnoticed(graph: Sandbox, onedrive: OneDrive) -> None:
    await onedrive.put(PLACE, SMALL)
    await graph.seed("graph", expire_tokens=True)
    assert (await onedrive.put(PLACE, SMALL)).path != PLACE.path


async def test_an_app_that_was_shut_out_asks_the_tenant(graph: Sandbox, onedrive: OneDrive) -> None:
    await onedrive.put(PLACE, SMALL)
    await graph.seed("graph", expire_tokens=True, revoked_clients=["app"])
    with pytest.raises(VendorAuthExpired):
        await onedrive.put(PLACE, SMALL)


async def test_a_user_without_a_drive_asks_the_tenant(graph: Sandbox) -> None:
    await graph.seed("graph", users=["somebody@acme.test"])
    with pytest.raises(VendorAuthExpired, match="no drive of the user"):
        await OneDrive(connect(graph)).put(PLACE, SMALL)


@pytest.mark.parametrize("path", ["/v1.0/*", "/login/*"])
async def test_too_many_requests_come_back_at_the_time_that_microsoft_names(
    graph: Sandbox, onedrive: OneDrive, path: str
) -> None:
    await graph.fault("graph", "429", path=path, retry_after=17)
    with pytest.raises(VendorRateLimited) as failure:
        await onedrive.put(PLACE, SMALL)
    assert failure.value.retry_after == 17
    assert (await onedrive.put(PLACE, SMALL)).path == PLACE.path


@pytest.mark.parametrize("path", ["/v1.0/*", "/login/*"])
@pytest.mark.parametrize("kind", ["500", "503", "cut"])
async def test_a_broken_service_is_tried_again_later(
    graph: Sandbox, onedrive: OneDrive, path: str, kind: str
) -> None:
    await graph.fault("graph", kind, path=path)
    with pytest.raises(VendorUnavailable):
        await onedrive.put(PLACE, SMALL)
    assert (await onedrive.put(PLACE, SMALL)).path == PLACE.path


async def test_a_service_that_hangs_is_not_waited_for_long(graph: Sandbox, onedrive: OneDrive) -> None:
    await graph.fault("graph", "hang", method="PUT", seconds=30)
    with pytest.raises(VendorUnavailable) as failure:
        await onedrive.put(PLACE, SMALL)
    assert failure.value.ambiguous


@pytest.mark.parametrize("path", ["/v1.0/*", "/login/*"])
async def test_an_answer_that_is_no_json_tells_us(graph: Sandbox, onedrive: OneDrive, path: str) -> None:
    await graph.fault("graph", "malformed", path=path)
    with pytest.raises(VendorContractBroken):
        await onedrive.put(PLACE, SMALL)


@pytest.mark.parametrize("content", [SMALL, LARGE], ids=["small", "large"])
async def test_a_file_that_arrived_while_its_answer_was_lost_is_found(
    graph: Sandbox, onedrive: OneDrive, content: Content
) -> None:
    await onedrive.put(PLACE, Content(b"an older file of this name", "application/pdf"))
    if content is SMALL:
        await graph.fault("graph", "commit_then_cut", method="PUT")
    else:  # the last of its pieces; the third request of that kind
        await graph.fault("graph", "delay", method="PUT", path="/_upload/*", times=2, seconds=0)
        await graph.fault("graph", "commit_then_cut", method="PUT", path="/_upload/*")
    with pytest.raises(VendorUnavailable) as failure:
        await onedrive.put(PLACE, content)
    assert failure.value.ambiguous
    found = await onedrive.find(PLACE, content)
    assert [file.path for file in found] == ["2026/Käthe Müßig/Ausweis 1.pdf"]


@pytest.mark.parametrize("kind", ["500", "cut", "commit_then_cut", "429"])
async def test_an_upload_that_breaks_off_goes_on_where_it_was(
    graph: Sandbox, onedrive: OneDrive, kind: str
) -> None:
    details = {"retry_after": 0.2} if kind == "429" else {}
    await graph.fault("graph", kind, method="PUT", path="/_upload/*", **details)
    stored = await onedrive.put(PLACE, LARGE)
    assert stored.path == PLACE.path
    assert await files(graph) == [(f"/{PLACE.path}", LARGE.size)]
    assert [file.external_id for file in await onedrive.find(PLACE, LARGE)] == [stored.external_id]
    sent = [seen for seen in await graph.seen("graph") if "_upload" in seen.path and seen.method == "PUT"]
    assert all("authorization" not in {name.lower() for name in seen.headers} for seen in sent)


async def test_an_upload_that_never_succeeds_is_given_up_and_leaves_nothing(
    graph: Sandbox, onedrive: OneDrive
) -> None:
    await graph.fault("graph", "429", method="PUT", path="/_upload/*", retry_after=60)
    with pytest.raises(VendorRateLimited):
        await onedrive.put(PLACE, LARGE)
    assert await files(graph) == []
    assert any(seen.method == "DELETE" for seen in await graph.seen("graph"))


async def test_a_file_in_the_way_of_a_folder_is_said(graph: Sandbox, onedrive: OneDrive) -> None:
    await onedrive.put(Place((), "2026"), SMALL)
    with pytest.raises(VendorRejected, match="'2026'"):
        await onedrive.put(PLACE, SMALL)


async def test_a_folder_of_hundreds_of_files_is_looked_through(graph: Sandbox, onedrive: OneDrive) -> None:
    old = [
        {"user": USER, "path": f"2026/Käthe Müßig/{number:03}.pdf", "content": "eA=="}
        for number in range(230)
    ]
    await graph.seed("graph", files=old)
    stored = await onedrive.put(PLACE, SMALL)
    assert [file.external_id for file in await onedrive.find(PLACE, SMALL)] == [stored.external_id]


@pytest.mark.parametrize(
    ("size", "hashes", "expected"),
    [
        (7, Hashes(sha256Hash=SMALL.sha256.upper()), "same"),
        (7, Hashes(sha256Hash="00"), "other"),
        (7, Hashes(quickXorHash=SMALL.quick_xor), "same"),
        (7, Hashes(quickXorHash="AAAA"), "other"),
        (7, Hashes(), "unknown"),
        (8, Hashes(), "other"),
    ],
)
def test_contents_are_told_apart_by_whatever_fingerprint_the_drive_gives(
    size: int, hashes: Hashes, expected: str
) -> None:
    item = DriveItem(id="1", name="Ausweis.pdf", size=size, file=FileFacet(hashes=hashes))
    assert sameness(item, SMALL) == expected


async def test_addresses_inside_are_neither_asked_for_a_token_nor_sent_a_file(graph: Sandbox) -> None:
    registration = AppRegistration(graph.address("graph_login"), "acme-directory", "app", SecretStr("geheim"))
    lost = OneDrive(
        DriveClient(graph.address("graph"), USER, MicrosoftLogin(registration), guard=TO_THE_SANDBOX)
    )
    with pytest.raises(VendorAuthExpired, match=r"Microsoft sign-in.*FRONTDESK_OUTWARD_ALLOW"):
        await lost.put(PLACE, SMALL)
    bare = connect(graph)
    with pytest.raises(VendorRejected, match="OneDrive named an address"):
        await bare.progress(UploadSession.model_validate({"uploadUrl": "http://169.254.169.254/latest"}))
    await bare.aclose()

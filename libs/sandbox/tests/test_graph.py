"""Microsoft Graph's drive, with msal's real token handling."""

import asyncio
import json

import httpx
import msal
import pytest

SCOPES = ["https://graph.microsoft.com/.default"]
CHUNK = 320 * 1024
RENAME = {"@microsoft.graph.conflictBehavior": "rename"}


class ToTheSandbox:
    """msal's transport, with Entra's address replaced by the sandbox's."""

    def __init__(self, base: str) -> None:
        self._base = base

    def get(self, url: str, **options: object) -> httpx.Response:
        return self._send("GET", url, options)

    def post(self, url: str, **options: object) -> httpx.Response:
        return self._send("POST", url, options)

    def close(self) -> None:
        """Nothing is kept open."""

    def _send(self, method: str, url: str, options: dict[str, object]) -> httpx.Response:
        here = url.replace("https://login.microsoftonline.com", f"{self._base}/graph/login")
        kept = {name: options[name] for name in ("params", "data", "headers") if options.get(name)}
        return httpx.request(method, here, trust_env=False, **kept)  # pyright: ignore[reportArgumentType] - msal's options


def _app(base: str, secret: str = "s3cret") -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        "client-1",
        client_credential=secret,
        authority="https://login.microsoftonline.com/tenant-1",
        http_client=ToTheSandbox(base),
    )


async def _token(base: str, secret: str = "s3cret") -> dict[str, object]:
    return await asyncio.to_thread(lambda: _app(base, secret).acquire_token_for_client(SCOPES))


@pytest.fixture
async def graph(sandbox):
    token = (await _token(sandbox.base))["access_token"]
    async with httpx.AsyncClient(
        base_url=f"{sandbox.base}/graph/v1.0", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ) as client:
        yield client


async def _drive(graph: httpx.AsyncClient) -> str:
    return f"/drives/{(await graph.get('/users/office@example.org/drive')).json()['id']}"


async def test_msal_takes_a_second_token_from_its_own_cache(sandbox) -> None:
    app = await asyncio.to_thread(_app, sandbox.base)
    tokens = [await asyncio.to_thread(lambda: app.acquire_token_for_client(SCOPES)) for _ in range(2)]
    assert tokens[0]["access_token"] == tokens[1]["access_token"]
    asked = (await sandbox.http.get("/_sandbox/seen", params={"vendor": "graph"})).json()["seen"]
    assert [entry["path"] for entry in asked if entry["method"] == "POST"] == [
        "/graph/login/tenant-1/oauth2/v2.0/token"
    ]


async def test_msal_gets_a_token_and_is_told_of_a_wrong_secret(sandbox) -> None:
    assert "access_token" in await _token(sandbox.base)
    await sandbox.seed(graph={"clients": [{"client_id": "client-1", "client_secret": "right"}]})
    refused = await _token(sandbox.base, "wrong")
    assert refused["error"] == "invalid_client"
    assert "access_token" in await _token(sandbox.base, "right")


async def test_without_a_good_token_nothing_is_shown(sandbox, graph) -> None:
    assert (await graph.get("/users/a@example.org/drive")).status_code == 200
    await sandbox.seed(graph={"expire_tokens": True})
    expired = await graph.get("/users/a@example.org/drive")
    assert expired.status_code == 401
    assert expired.json()["error"]["code"] == "InvalidAuthenticationToken"


async def test_a_folder_is_made_once_and_then_renamed(graph) -> None:
    drive = await _drive(graph)
    where = f"{drive}/root/children"
    made = await graph.post(where, json={"name": "Müller, Anna", "folder": {}})
    assert made.status_code == 201
    clash = await graph.post(where, json={"name": "müller, anna", "folder": {}})
    assert (clash.status_code, clash.json()["error"]["code"]) == (409, "nameAlreadyExists")
    renamed = await graph.post(where, json={"name": "Müller, Anna", "folder": {}, **RENAME})
    assert renamed.json()["name"] == "Müller, Anna 1"
    listed = await graph.get(f"{drive}/items/root/children")
    assert [item["name"] for item in listed.json()["value"]] == ["Müller, Anna", "Müller, Anna 1"]


async def test_a_small_file_is_uploaded_by_path_and_read_back(graph) -> None:
    drive = await _drive(graph)
    where = f"{drive}/root:/Anfragen/Müller/gehalt.pdf:/content"
    put = await graph.put(where, content=b"first")
    assert put.status_code == 201
    assert (await graph.put(where, content=b"second")).status_code == 200
    kept_beside = await graph.put(where, params=RENAME, content=b"third")
    assert kept_beside.json()["name"] == "gehalt 1.pdf"
    failed = await graph.put(where, params={"@microsoft.graph.conflictBehavior": "fail"}, content=b"x")
    assert failed.status_code == 409
    item = (await graph.get(f"{drive}/root:/Anfragen/Müller/gehalt.pdf")).json()
    assert item["size"] == 6
    moved = await graph.get(f"{drive}/items/{item['id']}/content")
    assert moved.status_code == 302
    async with httpx.AsyncClient(trust_env=False) as bare:
        assert (await bare.get(moved.headers["location"])).content == b"second"


@pytest.mark.parametrize(
    "name", ['a"b.pdf', "a*b.pdf", "a:b.pdf", "a<b.pdf", "a%3Fb.pdf", "a|b.pdf", "a\\b.pdf", "a%2Fb.pdf"]
)
async def test_forbidden_characters_are_refused(graph, name: str) -> None:
    drive = await _drive(graph)
    answer = await graph.put(f"{drive}/items/root:/{name}:/content", content=b"x")
    assert answer.status_code == 400, answer.text


async def test_too_large_for_a_small_upload(graph) -> None:
    drive = await _drive(graph)
    answer = await graph.put(f"{drive}/root:/big.bin:/content", content=bytes(4 * 1024 * 1024 + 1))
    assert answer.status_code == 413


async def test_an_upload_session_takes_chunks_in_order(graph) -> None:
    drive = await _drive(graph)
    whole = bytes(range(256)) * (CHUNK * 2 // 256) + b"end"
    asked = {"item": {"@microsoft.graph.conflictBehavior": "rename", "name": "scan.pdf"}}
    session = (await graph.post(f"{drive}/root:/A/scan.pdf:/createUploadSession", json=asked)).json()
    async with httpx.AsyncClient(trust_env=False) as bare:

        async def put(first: int, last: int) -> httpx.Response:
            span = f"bytes {first}-{last - 1}/{len(whole)}"
            return await bare.put(
                session["uploadUrl"], content=whole[first:last], headers={"Content-Range": span}
            )

        assert (await put(0, 1000)).status_code == 400
        accepted = await put(0, CHUNK)
        assert (accepted.status_code, accepted.json()["nextExpectedRanges"][0]) == (
            202,
            f"{CHUNK}-{len(whole) - 1}",
        )
        assert (await put(0, CHUNK)).status_code == 416
        assert (await bare.get(session["uploadUrl"])).json()["nextExpectedRanges"] == [
            f"{CHUNK}-{len(whole) - 1}"
        ]
        assert (await put(CHUNK, 2 * CHUNK)).status_code == 202
        done = await put(2 * CHUNK, len(whole))
        assert (done.status_code, done.json()["size"]) == (201, len(whole))
        assert (await put(0, CHUNK)).status_code == 404


async def test_an_upload_session_can_be_cancelled_and_expires(sandbox, graph) -> None:
    drive = await _drive(graph)
    first = (await graph.post(f"{drive}/root:/a.pdf:/createUploadSession", json={})).json()
    async with httpx.AsyncClient(trust_env=False) as bare:
        assert (await bare.delete(first["uploadUrl"])).status_code == 204
        assert (await bare.get(first["uploadUrl"])).status_code == 404
        await sandbox.seed(graph={"session_lifetime_seconds": 0})
        second = (await graph.post(f"{drive}/root:/a.pdf:/createUploadSession", json={})).json()
        assert (await bare.get(second["uploadUrl"])).status_code == 404


async def test_a_link_is_made_once(sandbox, graph) -> None:
    drive = await _drive(graph)
    item = (await graph.put(f"{drive}/root:/a.pdf:/content", content=b"x")).json()
    wish = {"type": "view", "scope": "organization"}
    made = await graph.post(f"{drive}/items/{item['id']}/createLink", json=wish)
    again = await graph.post(f"{drive}/items/{item['id']}/createLink", json=wish)
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.json()["link"]["webUrl"] == again.json()["link"]["webUrl"]
    await sandbox.seed(graph={"anonymous_links_disabled": True})
    refused = await graph.post(
        f"{drive}/items/{item['id']}/createLink", json={"type": "view", "scope": "anonymous"}
    )
    assert refused.status_code == 403


async def test_what_is_not_there_is_not_found(graph) -> None:
    drive = await _drive(graph)
    missing = await graph.get(f"{drive}/root:/nothing/here.pdf")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "itemNotFound")
    assert (await graph.get("/drives/unknown/root")).status_code == 404


async def test_the_filed_documents_can_be_counted_from_outside(sandbox, graph) -> None:
    drive = await _drive(graph)
    await graph.put(f"{drive}/root:/A/a.pdf:/content", content=b"x")
    state = (await sandbox.http.get("/_sandbox/state", params={"vendor": "graph"})).json()
    files = [item["path"] for item in state["graph"]["office@example.org"] if item["kind"] == "file"]
    assert files == ["/A/a.pdf"]
    assert json.dumps(state)

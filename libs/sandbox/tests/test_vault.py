"""Vault's HTTP interface as its documents say."""

import pytest
from httpx import Response

READ = "/vault/v1/secret/data/apps/frontdesk"


async def read(sandbox, path: str = READ, **headers: str) -> Response:
    return await sandbox.http.get(path, headers=headers)


@pytest.fixture
async def vault(sandbox):
    await sandbox.seed(
        vault={"secrets": {"secret/apps/frontdesk": {"A": "old"}}, "tokens": {"t": ["secret/apps/frontdesk"]}}
    )
    await sandbox.seed(vault={"secrets": {"secret/apps/frontdesk": {"A": "new"}}})
    return sandbox


async def test_the_newest_version_is_read_by_either_header_and_an_older_one_by_its_number(vault) -> None:
    for headers in ({"X-Vault-Token": "t"}, {"Authorization": "Bearer t"}):
        answer = (await read(vault, **headers)).json()
        assert answer["data"]["data"] == {"A": "new"}
        assert answer["data"]["metadata"]["version"] == 2
    older = await read(vault, f"{READ}?version=1", **{"X-Vault-Token": "t"})
    assert older.json()["data"]["data"] == {"A": "old"}


async def test_who_may_not_read_is_refused_whether_or_not_anything_is_there(vault) -> None:
    for path, token in ((READ, ""), (READ, "x"), ("/vault/v1/secret/data/other", "t")):
        answer = await read(vault, path, **{"X-Vault-Token": token})
        assert (answer.status_code, answer.json()) == (403, {"errors": ["permission denied"]})


async def test_what_is_not_there_and_what_was_deleted_are_told_apart(vault) -> None:
    await vault.seed(vault={"tokens": {"all": ["*"]}, "deleted": ["secret/apps/frontdesk"]})
    nothing = await read(vault, "/vault/v1/secret/data/other", **{"X-Vault-Token": "all"})
    deleted = await read(vault, **{"X-Vault-Token": "all"})
    assert (nothing.status_code, nothing.json()) == (404, {"errors": []})
    assert deleted.status_code == 404
    assert deleted.json()["data"]["data"] is None
    assert deleted.json()["data"]["metadata"]["deletion_time"]


async def test_a_service_account_logs_in_and_reads_what_its_role_may(vault) -> None:
    await vault.seed(vault={"roles": {"frontdesk": {"jwts": ["jwt"], "paths": ["secret/apps/frontdesk"]}}})
    login = "/vault/v1/auth/kubernetes/login"
    auth = (await vault.http.post(login, json={"role": "frontdesk", "jwt": "jwt"})).json()["auth"]
    assert (await read(vault, **{"X-Vault-Token": auth["client_token"]})).status_code == 200
    refusals = [
        (await vault.http.post(login, json=body)).status_code
        for body in ({"role": "frontdesk", "jwt": "x"}, {"role": "nobody", "jwt": "jwt"}, {"role": "frontdesk"}, {"jwt": "jwt"})
    ]  # fmt: skip
    assert refusals == [403, 400, 400, 400]


async def test_a_sealed_vault_says_nothing_but_that(vault) -> None:
    await vault.seed(vault={"sealed": True})
    answer = await read(vault, **{"X-Vault-Token": "t"})
    assert (answer.status_code, answer.json()) == (503, {"errors": ["Vault is sealed"]})
    assert (await vault.http.get("/vault/v1/sys/health")).status_code == 503
    assert (await vault.http.get("/vault/v1/sys/seal-status")).json()["sealed"] is True


async def test_tokens_are_shortened_in_what_was_seen(vault) -> None:
    await read(vault, **{"X-Vault-Token": "hvs.a-long-token"})
    seen = (await vault.http.get("/_sandbox/seen", params={"vendor": "vault"})).json()["seen"]
    assert seen[-1]["headers"]["x-vault-token"] == "…oken"

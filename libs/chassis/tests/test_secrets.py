"""The fleet's secrets from the environment, from files and from Vault, and what is said when one cannot be had."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, SecretStr, ValidationError
from pydantic_settings import SettingsConfigDict

from chassis import Settings, run
from chassis.secrets import found_beside
from chassis.settings import settings_flaws
from chassis.vault import SecretsNotRead
from testkit.sandbox import Sandbox

ALL = {
    "AMQP_URL": "amqp://u:broker-password@broker/",
    "DATABASE_URL": "postgresql://owner:database-password@database/frontdesk",
    "BLOB_URL": "memory://",
    "FRONTDESK_MASTER_KEY": "k1:bWFzdGVy",
    "FRONTDESK_SERVICE_TOKEN": "service-token",
    "FRONTDESK_ADMIN_TOKEN": "admin-token",
}


class Model(BaseModel):
    provider: str = "offline"
    api_key: SecretStr = SecretStr("")


class MoreSettings(Settings):
    """As a service's own."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    model: Model = Field(default=Model(), validation_alias="PROBE_MODEL")
    redis_url: SecretStr | None = Field(default=None, validation_alias="PROBE_REDIS_URL")
    ca_file: Path | None = Field(default=None, validation_alias="PROBE_CA_FILE")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment in which nothing is set but an empty folder of secrets."""
    for name in (*ALL, "VAULT_ADDR", "VAULT_TOKEN", "VAULT_TOKEN_FILE", "FRONTDESK_VAULT_PATH"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("FRONTDESK_SECRETS_DIR", str(folder))
    return folder


@pytest.fixture
async def vault(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """Vault with all secrets, and a token that may read them."""
    await sandbox.reset("vault")
    await sandbox.seed(
        "vault", secrets={"secret/frontdesk": dict(ALL)}, tokens={"good": ["secret/frontdesk"]}
    )
    monkeypatch.setenv("VAULT_ADDR", sandbox.address("vault"))
    monkeypatch.setenv("VAULT_TOKEN", "good")
    monkeypatch.setenv("FRONTDESK_VAULT_PATH", "frontdesk")
    yield sandbox
    await sandbox.clear_faults()


def read() -> MoreSettings:
    return MoreSettings()  # pyright: ignore[reportCallIssue] — read from the places


def test_secrets_are_read_from_a_folder_whatever_the_case_of_their_names(nothing_set: Path) -> None:
    for name, value in ALL.items():
        (nothing_set / (name.lower() if name.endswith("URL") else name.replace("_", "-"))).write_text(
            f"{value}\n"
        )
    (nothing_set / "probe_redis_url").write_text("redis://:geheim@redis/0")
    (nothing_set / "probe_model__api_key").write_text("sk-1")
    (nothing_set / "somebody_elses").write_bytes(b"\xff\xfe")
    (nothing_set / "kubernetes.io").mkdir()

    settings = read()

    assert settings.amqp_url.get_secret_value() == ALL["AMQP_URL"]
    assert settings.master_key.get_secret_value() == ALL["FRONTDESK_MASTER_KEY"]
    assert settings.redis_url is not None
    assert settings.redis_url.get_secret_value() == "redis://:geheim@redis/0"
    assert settings.model.api_key.get_secret_value() == "sk-1"


def test_the_environment_goes_before_a_file_and_parts_of_a_setting_may_lie_apart(
    nothing_set: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    (nothing_set / "frontdesk_admin_token").write_text("another")
    (tmp_path / "key").write_text("sk-2\n")
    monkeypatch.setenv("PROBE_MODEL__PROVIDER", "openai")
    monkeypatch.setenv("PROBE_MODEL__API_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("PROBE_CA_FILE", "/etc/ssl/own.pem")

    settings = read()

    assert settings.admin_token.get_secret_value() == "admin-token"
    assert (settings.model.provider, settings.model.api_key.get_secret_value()) == ("openai", "sk-2")
    assert settings.ca_file == Path("/etc/ssl/own.pem")


def test_a_variable_that_was_left_empty_counts_as_missing(
    nothing_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("FRONTDESK_SERVICE_TOKEN", "")
    with pytest.raises(ValidationError, match="FRONTDESK_SERVICE_TOKEN"):
        read()

    (nothing_set / "frontdesk_service_token").write_text("from-a-file")
    assert read().service_token.get_secret_value() == "from-a-file"


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"", "is empty"), (b"\n", "is empty"), (b"\xff", "cannot be read")],
)
def test_a_file_that_was_named_and_holds_nothing_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("FRONTDESK_ADMIN_TOKEN_FILE", str(file))
    with pytest.raises(SecretsNotRead, match=f"{file}.*FRONTDESK_ADMIN_TOKEN_FILE.*{said}"):
        read()


def test_a_folder_of_secrets_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRONTDESK_SECRETS_DIR", "/nowhere/secrets")
    with pytest.raises(SecretsNotRead, match="FRONTDESK_SECRETS_DIR"):
        read()


def test_a_missing_secret_is_named_with_the_places_where_it_was_looked_for_and_no_value_is_shown(
    nothing_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ALL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("FRONTDESK_MASTER_KEY")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")

    with pytest.raises(ValidationError) as refused:
        read()

    said = settings_flaws(refused.value)
    assert (
        "FRONTDESK_MASTER_KEY: is missing; it was looked for in the environment (FRONTDESK_MASTER_KEY,"
        in said
    )
    assert f"{nothing_set}/frontdesk_master_key" in said
    assert "not in Vault (FRONTDESK_VAULT_PATH is not set)" in said
    assert "log_level: Input should be" in said
    everything = said + str(refused.value) + repr(refused.value)
    assert not [value for value in ALL.values() if value in everything]
    with pytest.raises(SystemExit, match="FRONTDESK_MASTER_KEY: is missing"):
        run(lambda: read())  # pyright: ignore[reportArgumentType] — it does not come so far


async def test_secrets_are_read_from_vault_and_files_go_before_it(vault: Sandbox, nothing_set: Path) -> None:
    (nothing_set / "frontdesk_service_token").write_text("from-a-file")

    settings = read()

    assert settings.database_url.get_secret_value() == ALL["DATABASE_URL"]
    assert settings.service_token.get_secret_value() == "from-a-file"
    assert {name: found.place.partition(" ")[0] for name, found in found_beside({
        "FRONTDESK_ADMIN_TOKEN": "given", "FRONTDESK_SECRETS_DIR": str(nothing_set), "FRONTDESK_VAULT_PATH": "frontdesk",
        "VAULT_ADDR": vault.address("vault"), "VAULT_TOKEN": "good",
    }, ALL.keys()).items() if name.startswith("FRONTDESK")} == {
        "FRONTDESK_MASTER_KEY": "Vault", "FRONTDESK_SERVICE_TOKEN": f"{nothing_set}/frontdesk_service_token",
    }  # fmt: skip


async def test_a_pod_logs_in_with_its_service_account(
    vault: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await vault.seed("vault", roles={"frontdesk": {"jwts": ["the-pods-jwt"], "paths": ["secret/frontdesk"]}})
    jwt = tmp_path / "jwt"
    jwt.write_text("the-pods-jwt\n")
    monkeypatch.delenv("VAULT_TOKEN")
    monkeypatch.setenv("FRONTDESK_VAULT_ROLE", "frontdesk")
    monkeypatch.setenv("FRONTDESK_VAULT_JWT_FILE", str(jwt))
    assert read().admin_token.get_secret_value() == "admin-token"

    jwt.write_text("a-strangers-jwt")
    with pytest.raises(
        SecretsNotRead, match=r"refuses the login of role 'frontdesk'.*permission denied"
    ) as refused:
        read()
    assert "a-strangers-jwt" not in str(refused.value)
    monkeypatch.setenv("FRONTDESK_VAULT_ROLE", "nobody")
    with pytest.raises(SecretsNotRead, match="invalid role name"):
        read()
    jwt.unlink()
    with pytest.raises(SecretsNotRead, match="is it mounted"):
        read()


async def test_a_token_of_vault_may_lie_in_a_file(
    vault: Sandbox, nothing_set: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VAULT_TOKEN")
    (nothing_set / "vault_token").write_text("good\n")
    assert read().admin_token.get_secret_value() == "admin-token"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"VAULT_TOKEN": "wrong"}, "permission denied.*token is wrong or expired, or its policy"),
        ({"FRONTDESK_VAULT_PATH": "another"}, "permission denied.*its policy does not allow reading secret/data/another"),
        ({"VAULT_TOKEN": "all", "FRONTDESK_VAULT_PATH": "another"}, "holds nothing there"),
        ({"VAULT_TOKEN": "all", "FRONTDESK_VAULT_PATH": "gone"}, "newest version was deleted"),
        ({"VAULT_ADDR": "vault:8200"}, "VAULT_ADDR must be Vault's address"),
        ({"VAULT_TOKEN": ""}, "Vault must be told who asks"),
        ({"FRONTDESK_VAULT_SECONDS": "long"}, "is no number"),
        ({"VAULT_CACERT": "/nowhere/ca.pem"}, "VAULT_CACERT"),
    ],
)  # fmt: skip
async def test_vault_that_refuses_is_told_at_once_and_clearly(
    vault: Sandbox, monkeypatch: pytest.MonkeyPatch, changes: dict[str, str], said: str
) -> None:
    await vault.seed(
        "vault", tokens={"all": ["*"]}, secrets={"secret/gone": {"A": "b"}}, deleted=["secret/gone"]
    )
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    before = len(await vault.seen("vault"))
    with pytest.raises(SecretsNotRead, match=said) as refused:
        read()
    assert not [
        value for value in (*ALL.values(), "wrong") if value in str(refused.value).replace("is wrong", "")
    ]
    assert len(await vault.seen("vault")) - before <= 1


async def test_a_vault_that_is_not_ready_yet_is_waited_for(vault: Sandbox) -> None:
    await vault.fault("vault", "503")
    await vault.fault("vault", "cut")
    assert read().admin_token.get_secret_value() == "admin-token"
    assert len([seen for seen in await vault.seen("vault") if seen.path.endswith("/data/frontdesk")]) >= 3


async def test_a_vault_that_stays_sealed_or_away_is_given_up_with_a_sentence(
    vault: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRONTDESK_VAULT_SECONDS", "0.3")
    await vault.seed("vault", sealed=True)
    with pytest.raises(SecretsNotRead, match=r"Vault is sealed.*was waited for 0.3 s"):
        read()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{port}")
    with pytest.raises(SecretsNotRead, match=r"does not answer.*check VAULT_ADDR"):
        read()
    with pytest.raises(SystemExit, match="does not answer"):
        run(lambda: read())  # pyright: ignore[reportArgumentType] — it does not come so far

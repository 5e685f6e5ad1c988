"""Where settings come from beside the environment: files, and Vault. Read once, while a process starts.

    environment        FRONTDESK_MASTER_KEY=…
    a file named so    FRONTDESK_MASTER_KEY_FILE=/where/it/lies
    a file of a folder /run/secrets/frontdesk_master_key (the folder is `FRONTDESK_SECRETS_DIR`)
    Vault              the key FRONTDESK_MASTER_KEY of the secret at `FRONTDESK_VAULT_PATH`

The first that has a value is taken. Upper and lower case are the same, as in the environment.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path

from pydantic_settings import BaseSettings, EnvSettingsSource

from chassis.vault import SecretsNotRead, VaultPlace, read_vault, vault_place

SECRETS_FOLDER = "/run/secrets"


@dataclass(frozen=True, slots=True)
class Found:
    """A value, and the place where it was found."""

    value: str = field(repr=False)
    place: str


class Files(EnvSettingsSource):
    """The source of pydantic-settings for files; it reads names, nested ones too, as it would the environment's."""

    def __init__(self, settings: type[BaseSettings]) -> None:
        super().__init__(settings)
        self.env_vars = _as_variables(in_files(os.environ, _wanted(settings)))


class Vault(EnvSettingsSource):
    """The source of pydantic-settings for Vault."""

    def __init__(self, settings: type[BaseSettings]) -> None:
        super().__init__(settings)
        self.env_vars = _as_variables(in_vault(os.environ, _wanted(settings)))


def in_files(environment: Mapping[str, str], wanted: Callable[[str], bool]) -> dict[str, Found]:
    """What lies in files, by name in capitals. Raises `SecretsNotRead`."""
    found: dict[str, Found] = {}
    folder = _folder(environment)
    for file in sorted(folder.iterdir()) if folder is not None else ():
        name = file.name.upper().replace("-", "_")
        if wanted(name) and file.is_file():
            found[name] = _read(file, str(file))
    for variable, path in environment.items():
        name = variable.upper().removesuffix("_FILE")
        # A setting may itself be a file's name (…_CA_FILE); a part of a setting never is.
        is_setting = "__" not in variable and wanted(variable.upper())
        if variable.upper().endswith("_FILE") and path and wanted(name) and not is_setting:
            found[name] = _read(Path(path), f"{path} ({variable})")
    return found


def in_vault(environment: Mapping[str, str], wanted: Callable[[str], bool]) -> dict[str, Found]:
    """What Vault holds, by name in capitals; nothing when none is named. Raises `SecretsNotRead`."""
    place = place_in_vault(environment)
    if place is None:
        return {}
    values = {name.upper(): value for name, value in read_vault(place).items()}
    return {name: Found(value, str(place)) for name, value in values.items() if wanted(name) and value}


def place_in_vault(environment: Mapping[str, str]) -> VaultPlace | None:
    """Where in Vault the secrets are, when the environment says so. Raises `SecretsNotRead`."""
    if not environment.get("FRONTDESK_VAULT_PATH"):
        return None
    filed = in_files(environment, {"VAULT_TOKEN"}.__contains__).get("VAULT_TOKEN")
    return vault_place(environment, environment.get("VAULT_TOKEN") or (filed.value if filed else None))


def found_beside(environment: Mapping[str, str], names: Set[str]) -> dict[str, Found]:
    """What files and Vault have of these names that the environment lacks. Raises `SecretsNotRead`."""
    missing = {name for name in names if not environment.get(name)}
    filed = in_files(environment, missing.__contains__)
    return in_vault(environment, (missing - filed.keys()).__contains__) | filed if missing else {}


def looked_for(environment: Mapping[str, str], name: str) -> str:
    """The places in which a setting was looked for, for whoever finds it missing."""
    folder = environment.get("FRONTDESK_SECRETS_DIR") or SECRETS_FOLDER
    place = place_in_vault(environment)
    vault = f"in {place}" if place else "not in Vault (FRONTDESK_VAULT_PATH is not set)"
    return f"in the environment ({name}, {name}_FILE), in {folder}/{name.lower()}, {vault}"


def _wanted(settings: type[BaseSettings]) -> Callable[[str], bool]:
    """Whether a name is one of these settings, or a part of one (`OCR_MODEL__API_KEY`)."""
    names = {name.upper() for name in settings.model_fields} | {
        info.validation_alias.upper()
        for info in settings.model_fields.values()
        if isinstance(info.validation_alias, str)
    }
    return lambda name: name.partition("__")[0] in names


def _as_variables(found: Mapping[str, Found]) -> Mapping[str, str | None]:
    return {name.lower(): each.value for name, each in found.items()}


def _folder(environment: Mapping[str, str]) -> Path | None:
    named = environment.get("FRONTDESK_SECRETS_DIR")
    folder = Path(named or SECRETS_FOLDER)
    if folder.is_dir():
        return folder
    if named:
        raise SecretsNotRead(f"FRONTDESK_SECRETS_DIR is {named}, which is no folder")
    return None


def _read(file: Path, place: str) -> Found:
    try:
        value = file.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SecretsNotRead(f"the secret in {place} cannot be read ({type(error).__name__})") from error
    if not value:
        raise SecretsNotRead(f"the secret in {place} is empty")
    return Found(value, place)

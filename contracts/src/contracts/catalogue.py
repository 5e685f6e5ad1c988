"""Every message there is, and who says and hears it: derived from the classes and from the services' AsyncAPI files."""

from __future__ import annotations

import json
import pkgutil
import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import contracts
from contracts.envelope import Command, Event, Message
from contracts.routing import routing_key

FOLDER = Path(__file__).parents[2]
"""The member `contracts/` of the workspace: examples, schemas and AsyncAPI files lie beside the package."""

_VERSION = re.compile(r"v\d+")
_EVERYTHING = "#"


@dataclass(frozen=True, slots=True)
class Entry:
    """A message with its senders and hearers, by the services' deployed names."""

    routing_key: str
    message: type[Message]
    senders: tuple[str, ...]
    hearers: tuple[str, ...]

    @property
    def noun(self) -> str:
        """The business noun that groups it: the name of its package, such as documents."""
        return noun(self.message)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the services say to each other."""

    services: tuple[str, ...]
    entries: tuple[Entry, ...]
    journals: tuple[str, ...]
    """The services that hear everything, whatever it is."""


def messages() -> dict[str, type[Message]]:
    """Every event and command by its routing key, in the order of nouns and keys.

    Raises `ValueError` when two classes have one routing key.
    """
    found: dict[str, type[Message]] = {}
    for module_name in _modules():
        for value in vars(import_module(module_name)).values():
            if not _is_message(value, module_name):
                continue
            key = routing_key(value)
            if key in found:
                raise ValueError(f"{value.__name__} and {found[key].__name__} are both {key}")
            found[key] = value
    return dict(sorted(found.items(), key=lambda item: (noun(item[1]), item[0])))


def noun(message: type[Message]) -> str:
    """The package that holds a message: `contracts.documents.v1` → documents."""
    return message.__module__.split(".")[1]


def catalogue(asyncapi: Path = FOLDER / "asyncapi") -> Catalogue:
    """The messages with their senders and hearers, as the AsyncAPI files of a folder have them."""
    said: dict[str, set[str]] = {}
    heard: dict[str, set[str]] = {}
    files = sorted(asyncapi.glob("*.json"))
    for file in files:
        for action, address in _operations(file):
            (said if action == "send" else heard).setdefault(address, set()).add(file.stem)
    entries = [
        Entry(key, message, tuple(sorted(said.get(key, ()))), tuple(sorted(heard.get(key, ()))))
        for key, message in messages().items()
    ]
    return Catalogue(
        tuple(file.stem for file in files), tuple(entries), tuple(sorted(heard.get(_EVERYTHING, ())))
    )


def _operations(file: Path) -> list[tuple[str, str]]:
    """What a service does, and the routing key by which it does it; its own timers have the queue's name."""
    document = json.loads(file.read_text())
    return [
        (operation["action"], document["channels"][operation["channel"]["$ref"].split("/")[-1]]["address"])
        for operation in document.get("operations", {}).values()
    ]


def _modules() -> list[str]:
    nouns = [module.name for module in pkgutil.iter_modules(contracts.__path__) if module.ispkg]
    return [
        f"contracts.{name}.{module.name}"
        for name in nouns
        for module in pkgutil.iter_modules(import_module(f"contracts.{name}").__path__)
        if _VERSION.fullmatch(module.name)
    ]


def _is_message(value: object, module: str) -> bool:
    return isinstance(value, type) and issubclass(value, Event | Command) and value.__module__ == module

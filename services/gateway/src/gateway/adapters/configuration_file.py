"""What may change while the gateway runs, from a JSON file that is read again on SIGHUP and when it changes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.domain.configuration import Configuration
from gateway.settings import CorsOrigin, RateLimit, Urls, known_services

LOOK_SECONDS = 1.0
_log = structlog.get_logger("gateway.configuration")


class _RateLimits(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user: RateLimit | None = None
    tenant: RateLimit | None = None
    key: RateLimit | None = None
    address: RateLimit | None = None


class _File(BaseModel):
    """What the file may say; what it leaves out is as the settings say."""

    model_config = ConfigDict(extra="forbid")

    upstreams: dict[str, Urls] = {}
    cors_origins: list[CorsOrigin] | None = None
    limits: _RateLimits = _RateLimits()


class ConfigurationRefused(Exception):
    """The file is not valid; its words name the place of the fault."""


class ConfigurationFile:
    """An invalid file changes nothing: it is told, with the place of its fault, and what was read before stays."""

    def __init__(self, path: Path, base: Configuration, apply: Callable[[Configuration], None]) -> None:
        self._path = path
        self._base = base
        self._apply = apply
        self._seen: tuple[int, int, int] | None = None
        self._refused: str | None = None
        self._wanted = asyncio.Event()

    def read(self) -> None:
        """Read the file and apply it, or say why not."""
        try:
            found = _read(self._path, self._base)
        except ConfigurationRefused as error:
            self._refused = str(error)
            _log.error("the configuration file is refused; what was read before stays", fault=str(error))
            return
        self._refused = None
        self._apply(found)
        _log.info("the configuration file was read", path=str(self._path))

    def notes(self) -> list[str]:
        """What /health should say."""
        return (
            [f"{self._path} is refused, what was read before stays: {self._refused}"] if self._refused else []
        )

    async def run(self) -> None:
        """Read now, on SIGHUP, and when the file changes."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._wanted.set)
        try:
            while True:
                if self._wanted.is_set() or self._changed():
                    self._wanted.clear()
                    self.read()
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wanted.wait()
                except TimeoutError:
                    continue
        finally:
            loop.remove_signal_handler(signal.SIGHUP)

    def _changed(self) -> bool:
        seen = self._seen
        try:
            found = self._path.stat()
            self._seen = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            self._seen = (0, 0, 0)
        return self._seen != seen


def _read(path: Path, base: Configuration) -> Configuration:
    try:
        given = _File.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationRefused(f"it cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise ConfigurationRefused("; ".join(map(_fault, error.errors()))) from error
    if unknown := given.upstreams.keys() - known_services():
        raise ConfigurationRefused(f"upstreams.{min(unknown)}: no such service")
    limits: Mapping[str, str | None] = given.limits.model_dump()
    policies = {
        name: type(policy).parse(name, words)
        for name, words in limits.items()
        if words is not None and (policy := getattr(base.policies, name))
    }
    return Configuration(
        {**base.upstreams, **{name: tuple(urls) for name, urls in given.upstreams.items()}},
        base.origins if given.cors_origins is None else frozenset(given.cors_origins),
        replace(base.policies, **policies),
    )


def _fault(fault: Mapping[str, object]) -> str:
    place = fault.get("loc")
    where = ".".join(str(part) for part in place) if isinstance(place, tuple) else ""  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] — as pydantic has it
    return f"{where or 'the file'}: {fault.get('msg')}"

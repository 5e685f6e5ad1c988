"""The files of the documentation page, from an installed package: no page of ours asks a network for its program."""

from __future__ import annotations

from importlib.resources import files

_FILES = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


def page_assets() -> dict[str, tuple[bytes, str]]:
    """The page's files by name, each with its media type."""
    folder = files("fastapi_offline") / "static"
    return {name: ((folder / name).read_bytes(), kind) for name, kind in _FILES.items()}

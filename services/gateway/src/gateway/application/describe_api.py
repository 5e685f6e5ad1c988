"""Describe the whole API in one OpenAPI document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from gateway.application.hold_routes import HeldRoutes
from gateway.domain.merged_document import merge


class DescribeApi:
    """The services' documents as one, made again only when one of them changed."""

    def __init__(self, routes: HeldRoutes, version: Callable[[], str]) -> None:
        self._routes = routes
        self._version = version
        self._made: dict[int | None, tuple[int, bytes, str]] = {}

    def __call__(self, api: int | None = None) -> tuple[bytes, str]:
        """The document as JSON, and its ETag; `api` is a version of the API, or all of them."""
        made = self._made.get(api)
        if made is None or made[0] != self._routes.version:
            # Taken before merging: who comes later must not find this one under a newer number.
            number = self._routes.version
            document = merge(self._routes.documents, title="Frontdesk", version=self._version(), api=api)
            body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
            made = self._made[api] = (number, body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
        return made[1], made[2]

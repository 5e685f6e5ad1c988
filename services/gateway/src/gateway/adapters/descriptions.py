"""The services' own OpenAPI documents."""

from __future__ import annotations

import hashlib
import json
from typing import cast

from pydantic import SecretStr

from gateway.application.api_ports import Forwarded, Undescribed, UpstreamDown, Upstreams, UpstreamSlow
from gateway.domain.headers import Header, first_of
from gateway.domain.openapi import Json, as_object

LARGEST = 8 * 1024 * 1024


class OpenApiDescriptions:
    """The port `Descriptions`: `GET /openapi.json` at the addresses where the requests go too."""

    def __init__(self, upstreams: Upstreams, service_token: SecretStr) -> None:
        self._upstreams = upstreams
        self._authorization = f"Bearer {service_token.get_secret_value()}".encode()

    async def fetch(self, service: str, known_tag: str | None) -> tuple[Json, str | None] | None:
        """A service's document and its tag; None when it has not changed. Raises `Undescribed`."""
        headers: list[Header] = [(b"authorization", self._authorization), (b"accept", b"application/json")]
        if known_tag is not None:
            headers.append((b"if-none-match", known_tag.encode("latin-1")))
        try:
            status, tag, content = await self._ask(service, headers)
        except (UpstreamDown, UpstreamSlow) as error:
            raise Undescribed(str(error)) from error
        if status == 304:
            return None
        # FastAPI gives no ETag: then the content is its own.
        tag = tag or f'"{hashlib.sha256(content).hexdigest()}"'
        if status == 200 and tag == known_tag:
            return None
        if status != 200:
            raise Undescribed(f"{service} answered {status}")
        return _document(service, content), tag

    async def _ask(self, service: str, headers: list[Header]) -> tuple[int, str | None, bytes]:
        answer = await self._upstreams.send(service, Forwarded("GET", b"/openapi.json", headers, None))
        try:
            content = bytearray()
            async for chunk in answer.body:
                content += chunk
                if len(content) > LARGEST:
                    raise UpstreamDown(f"{service} says more of itself than is read")
        finally:
            await answer.close()
        return answer.status, first_of(answer.headers, b"etag"), bytes(content)


def _document(service: str, content: bytes) -> Json:
    try:
        document = as_object(cast(object, json.loads(content)))
    except ValueError as error:
        raise Undescribed(f"{service} answers with no JSON") from error
    if document is None or as_object(document.get("paths")) is None:
        raise Undescribed(f"{service} answers with no OpenAPI document")
    return document

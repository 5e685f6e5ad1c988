"""The API's description: one OpenAPI document, and a page that shows it without asking anybody outside."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.application.describe_api import DescribeApi
from gateway.domain.caching import unchanged

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Nothing from elsewhere. The page's program sets styles by itself, which needs the one exception; scripts get none."""
_SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Frontdesk API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<noscript>The API is described in <a href="/openapi.json">/openapi.json</a>.</noscript>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#page",
  deepLinking: true,
  validatorUrl: null,
  persistAuthorization: false,
});
"""


Assets = Mapping[str, tuple[bytes, str]]
"""The page's files by name, each with its media type."""


def document_routes(describe: DescribeApi, assets: Assets) -> list[Route]:
    """`/openapi.json` for all, `/api/vN/openapi.json` for one version, `/docs` for people."""
    files = {"start.js": (_START.encode(), "text/javascript"), **assets}
    return [
        Route("/openapi.json", partial(_show_document, describe), methods=["GET"]),
        Route("/api/v{api:int}/openapi.json", partial(_show_document, describe), methods=["GET"]),
        Route("/docs", _show_page, methods=["GET"]),
        Route("/docs/{name}", partial(_show_asset, files), methods=["GET"]),
    ]


async def _show_document(describe: DescribeApi, request: Request) -> Response:
    document, etag = describe(request.path_params.get("api"))
    headers = {**_SAFE, "ETag": etag, "Cache-Control": "no-cache"}
    if unchanged(request.headers.getlist("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(document, media_type="application/json", headers=headers)


async def _show_page(_: Request) -> Response:
    return Response(_PAGE, media_type="text/html", headers={**_SAFE, "Content-Security-Policy": POLICY})


async def _show_asset(files: Assets, request: Request) -> Response:
    asset = files.get(request.path_params["name"])
    if asset is None:
        return Response(status_code=404)
    headers = {**_SAFE, "Cache-Control": "public, max-age=3600"}
    content, media_type = asset
    return Response(content, media_type=media_type, headers=headers)

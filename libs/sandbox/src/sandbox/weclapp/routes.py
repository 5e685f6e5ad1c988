"""weclapp's REST interface, version 2."""

import base64
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.weclapp.errors import problem
from sandbox.weclapp.pdf import one_page
from sandbox.weclapp.query import BadQuery, matching, page_of
from sandbox.weclapp.rules import ENTITIES, Flaw, as_written, finished, flaws_of
from sandbox.weclapp.state import NoSuchRecord, Tenant, VersionConflict, WeclappState
from sandbox.wire import JsonObject, NotJson, as_object, as_objects, as_text, json_object

_BASE = "/{tenant}/webapp/api/v2"
_OWN_RECORDS = ("comment", "document")
Handler = Callable[[Request, Tenant], Awaitable[Response]]


class Weclapp:
    """weclapp as a vendor of the sandbox."""

    name = "weclapp"

    def __init__(self) -> None:
        self._state = WeclappState()

    def routes(self) -> list[BaseRoute]:
        """The interface of every tenant."""
        one = _BASE + "/{entity}/id/{id}"
        return [
            self._route(_BASE + "/document/upload", self._upload, "POST"),
            self._route(_BASE + "/document/id/{id}/download", self._download, "GET"),
            self._route(
                _BASE + "/salesOrder/id/{id}/downloadLatestOrderConfirmationPdf", self._confirmation, "GET"
            ),
            self._route(_BASE + "/{entity}/count", self._count, "GET"),
            self._route(one, self._read, "GET"),
            self._route(one, self._update, "PUT"),
            self._route(one, self._delete, "DELETE"),
            self._route(_BASE + "/{entity}", self._list, "GET"),
            self._route(_BASE + "/{entity}", self._create, "POST"),
            Route("/{rest:path}", _not_found),
        ]

    def reset(self) -> None:
        """Forget every tenant."""
        self._state = WeclappState()

    def seed(self, data: JsonObject) -> None:
        """Records per tenant and entity, and tokens that are no longer good."""
        self._state.seed(data)

    def snapshot(self) -> JsonObject:
        """Every record: tenant → entity → list."""
        return {
            name: {entity: list(kept.values()) for entity, kept in tenant.records.items()}
            for name, tenant in self._state.tenants.items()
        }

    def failure(self, status: int, retry_after: float | None) -> Response:
        """A failure in weclapp's form."""
        if status == 429:
            return problem(
                429, "unexpected", "Too Many Requests", "load limit reached", retry_after=retry_after
            )
        return problem(
            status, "unexpected", "unexpected error", "something went wrong", retry_after=retry_after
        )

    def dump(self) -> JsonObject:
        """Records and files."""
        return {
            "tenants": self.snapshot(),
            "files": {
                name: {record_id: base64.b64encode(raw).decode() for record_id, raw in tenant.files.items()}
                for name, tenant in self._state.tenants.items()
            },
        }

    def load(self, data: JsonObject) -> None:
        """Take back what dump gave, versions included."""
        for name, entities in as_object(data.get("tenants")).items():
            tenant = self._state.tenant(name)
            for entity, records in as_object(entities).items():
                tenant.records[entity] = {as_text(record["id"]): record for record in as_objects(records)}
        for name, files in as_object(data.get("files")).items():
            self._state.tenant(name).files = {
                record_id: base64.b64decode(as_text(raw)) for record_id, raw in as_object(files).items()
            }

    def _route(self, path: str, handler: Handler, method: str) -> Route:
        async def endpoint(request: Request) -> Response:
            token = request.headers.get("AuthenticationToken", "")
            if not token or token in self._state.revoked_tokens:
                return problem(
                    401, "unauthorized", "unauthorized", "The authentication token is missing or invalid."
                )
            entity = request.path_params.get("entity")
            if entity is not None and entity not in ENTITIES:
                return await _not_found(request)
            try:
                return await handler(request, self._state.tenant(request.path_params["tenant"]))
            except NoSuchRecord as missing:
                return problem(404, "entity_not_found", "entity not found", f"There is no record {missing}.")
            except VersionConflict:
                detail = "The record was changed in the meantime; read it again and repeat the change."
                return problem(409, "optimistic_lock", "optimistic lock error", detail)
            except (BadQuery, NotJson) as error:
                kind = "invalid_json" if isinstance(error, NotJson) else "validation"
                return problem(400, kind, kind.replace("_", " "), str(error))

        return Route(path, endpoint, methods=[method])

    async def _list(self, request: Request, tenant: Tenant) -> Response:
        found = _found(request, tenant)
        return JSONResponse({"result": page_of(found, request.query_params.multi_items())})

    async def _count(self, request: Request, tenant: Tenant) -> Response:
        return JSONResponse({"result": len(_found(request, tenant))})

    async def _read(self, request: Request, tenant: Tenant) -> Response:
        return JSONResponse(tenant.get(request.path_params["entity"], request.path_params["id"]))

    async def _create(self, request: Request, tenant: Tenant) -> Response:
        entity, record = request.path_params["entity"], json_object(await request.body())
        given = [
            Flaw("read_only", f"$.{name}", f"{name} is set by weclapp")
            for name in ("id", "version")
            if name in record
        ]
        flaws = given + flaws_of(entity, record, tenant)
        if flaws:
            return _invalid(flaws)
        done = finished(entity, record, tenant)
        if _dry(request):
            return JSONResponse(done, status_code=200)
        return JSONResponse(tenant.create(entity, done), status_code=201)

    async def _update(self, request: Request, tenant: Tenant) -> Response:
        entity, record_id = request.path_params["entity"], request.path_params["id"]
        record = json_object(await request.body())
        partial = request.query_params.get("ignoreMissingProperties") == "true"
        held = tenant.get(entity, record_id)
        flaws = flaws_of(entity, {**held, **record} if partial else record, tenant)
        if flaws:
            return _invalid(flaws)
        changes = as_written(record) if partial else finished(entity, record, tenant)
        return JSONResponse(tenant.update(entity, record_id, changes, partial=partial))

    async def _delete(self, request: Request, tenant: Tenant) -> Response:
        tenant.delete(request.path_params["entity"], request.path_params["id"])
        return Response(status_code=204)

    async def _upload(self, request: Request, tenant: Tenant) -> Response:
        asked = dict(request.query_params)
        names = ("entityName", "entityId", "name")
        flaws = [Flaw("not_empty", f"$.{n}", f"{n} must not be empty") for n in names if not asked.get(n)]
        if not flaws and not tenant.has(asked["entityName"], asked["entityId"]):
            flaws = [
                Flaw("reference", "$.entityId", f"there is no {asked['entityName']} {asked['entityId']}")
            ]
        if flaws:
            return _invalid(flaws)
        raw = await request.body()
        kept = {n: asked[n] for n in (*names, "description", "documentType") if n in asked}
        media_type = request.headers.get("content-type", "application/octet-stream")
        record = tenant.create("document", {**kept, "mediaType": media_type, "documentSize": str(len(raw))})
        tenant.files[as_text(record["id"])] = raw
        return JSONResponse({"result": record})

    async def _download(self, request: Request, tenant: Tenant) -> Response:
        record = tenant.get("document", request.path_params["id"])
        raw = tenant.files[as_text(record["id"])]
        return Response(raw, media_type=as_text(record.get("mediaType"), "application/octet-stream"))

    async def _confirmation(self, request: Request, tenant: Tenant) -> Response:
        order = tenant.get("salesOrder", request.path_params["id"])
        return Response(one_page(_confirmation_lines(order, tenant)), media_type="application/pdf")


def _found(request: Request, tenant: Tenant) -> list[JsonObject]:
    entity = request.path_params["entity"]
    parameters: list[tuple[str, str]] = []
    for name, value in request.query_params.multi_items():
        owned = entity in _OWN_RECORDS and name in ("entityName", "entityId")
        parameters.append((f"{name}-eq" if owned else name, value))
    return matching(tenant.all(entity), parameters)


def _confirmation_lines(order: JsonObject, tenant: Tenant) -> list[str]:
    customer = (
        tenant.get("party", as_text(order["customerId"])) if tenant.has("party", order["customerId"]) else {}
    )
    name = (
        as_text(customer.get("company")) or f"{customer.get('firstName', '')} {customer.get('lastName', '')}"
    )
    items = [
        f"{item.get('quantity', '1')} x {item.get('title', '')}: {item.get('unitPrice', '')} EUR"
        for item in as_objects(order.get("orderItems"))
    ]
    lines = [
        f"Auftragsbestätigung {order['orderNumber']}",
        "",
        f"Kunde: {name.strip()}",
        f"Kundennummer: {customer.get('customerNumber', '')}",
        "",
        *items,
    ]
    return [*lines, "", f"Nettobetrag: {order['netAmount']} EUR", f"Bruttobetrag: {order['grossAmount']} EUR"]


def _dry(request: Request) -> bool:
    return request.query_params.get("dryRun") == "true"


def _invalid(flaws: list[Flaw]) -> Response:
    return problem(
        400, "validation", "validation error", "; ".join(flaw.detail for flaw in flaws), flaws=flaws
    )


async def _not_found(request: Request) -> Response:
    return problem(404, "not_found", "not found", f"There is nothing at {request.method} {request.url.path}.")

"""Products."""

from __future__ import annotations

from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.errors import StripeError
from sandbox.stripe.listing import created_within, equal, found, page
from sandbox.stripe.params import Params
from sandbox.stripe.state import Account, Json

_FIELDS = "active default_price description images metadata name statement_descriptor unit_label url tax_code"
_PLAIN = ("description", "statement_descriptor", "unit_label", "url", "tax_code")


def made(account: Account, params: Params) -> Json:
    """A new product."""
    name, wanted = params.required("name"), params.text("id")
    if wanted is not None and account.find(wanted) is not None:
        raise StripeError(f"Product already exists: {wanted}.", code="resource_already_exists", param="id")
    record: Json = {
        "id": wanted or account.new_id("prod"), "object": "product", "active": True, "created": account.now(),
        "default_price": None, "description": None, "images": [], "livemode": False, "marketing_features": [],
        "metadata": {}, "name": name, "package_dimensions": None, "shippable": None, "statement_descriptor": None,
        "tax_code": None, "type": "service", "unit_label": None, "updated": account.now(), "url": None,
    }  # fmt: skip
    _write(record, params)
    account.keep(record)
    account.emit("product.created", record)
    return record


def _write(record: Json, params: Params) -> None:
    for name in _PLAIN:
        if name in params:
            record[name] = params.text(name)
    record["name"] = params.text("name", record["name"])
    record["active"] = params.flag("active", record["active"])
    record["metadata"] = params.metadata(record["metadata"])
    if "images" in params:
        record["images"] = params.texts("images")


def _create(call: Call) -> Json:
    from sandbox.stripe.prices import made as made_price

    record = made(call.account, call.params)
    if "default_price_data" in call.params:
        price = made_price(call.account, call.params.sub("default_price_data"), record)
        record["default_price"] = price["id"]
    return record


def _update(call: Call) -> Json:
    record = call.account.get("product", call.id)
    with call.account.changing(record, "product.updated"):
        _write(record, call.params)
        if "default_price" in call.params:
            wanted = call.params.text("default_price")
            if wanted is not None:
                call.account.get("price", wanted, "default_price")
            record["default_price"] = wanted
        record["updated"] = call.account.now()
    return record


def _retrieve(call: Call) -> Json:
    return call.account.get("product", call.id)


def _delete(call: Call) -> Json:
    record = call.account.get("product", call.id)
    if any(price["product"] == record["id"] for price in call.account.all("price")):
        raise StripeError("This product cannot be deleted because it has one or more user-created prices.")
    call.account.emit("product.deleted", record)
    record["deleted"] = True
    return {"id": record["id"], "object": "product", "deleted": True}


def _list(call: Call) -> Json:
    meets, fits, ids = equal(call, "active", "url"), created_within(call), call.params.texts("ids")
    records = [p for p in call.account.all("product") if meets(p) and fits(p) and (not ids or p["id"] in ids)]
    return page(call, records, "/v1/products")


def _search(call: Call) -> Json:
    return found(call, call.account.all("product"), "/v1/products/search")


OPERATIONS: list[Operation] = [
    operation(
        "POST", "/v1/products", _create, f"{_FIELDS.replace('default_price ', '')} id default_price_data"
    ),
    operation("GET", "/v1/products", _list, f"{PAGING} active created ids url"),
    operation("GET", "/v1/products/search", _search, "query page limit"),
    operation("GET", "/v1/products/{id}", _retrieve),
    operation("POST", "/v1/products/{id}", _update, _FIELDS),
    operation("DELETE", "/v1/products/{id}", _delete),
]

"""Events and the webhook endpoints that get them."""

from __future__ import annotations

import fnmatch
import secrets

from sandbox.stripe.call import PAGING, Call, Operation, operation
from sandbox.stripe.errors import invalid
from sandbox.stripe.listing import created_within, page
from sandbox.stripe.params import Params
from sandbox.stripe.state import API_VERSION, Account, Json
from sandbox.wire import JsonObject, as_text

_CHANGEABLE = "description enabled_events metadata url"


def _list(call: Call) -> Json:
    fits, kind, kinds = created_within(call), call.params.text("type"), call.params.texts("types")
    wanted = [kind] if kind else kinds
    delivered = call.params.text("delivery_success")
    own = [
        event
        for event in call.account.all("event")
        if fits(event) and (not wanted or any(fnmatch.fnmatchcase(event["type"], w) for w in wanted))
        and (delivered is None or (event["pending_webhooks"] == 0) == (delivered == "true"))
    ]  # fmt: skip
    return page(call, own, "/v1/events")


def _retrieve(call: Call) -> Json:
    return call.account.get("event", call.id)


def registered(account: Account, wish: JsonObject) -> Json:
    """An endpoint whose secret is known beforehand (in the dashboard one copies it): `{url, secret, enabled_events, api_version?}`."""
    params = Params({name: value for name, value in wish.items() if name != "secret"})
    record = _new_endpoint(account, params)
    record["_secret"] = as_text(wish.get("secret")) or record["_secret"]
    return record


def _create_endpoint(call: Call) -> Json:
    record = _new_endpoint(call.account, call.params)
    return record | {"secret": record["_secret"]}


def _new_endpoint(account: Account, params: Params) -> Json:
    record: Json = {
        "id": account.new_id("we"), "object": "webhook_endpoint", "api_version": params.text("api_version"),
        "application": None, "created": account.now(), "description": None,
        "enabled_events": [], "livemode": False, "metadata": {}, "status": "enabled", "url": "",
        "_secret": f"whsec_{secrets.token_hex(16)}",
    }  # fmt: skip
    params.required("url")
    if not params.texts("enabled_events"):
        params.required("enabled_events")
    _write_endpoint(record, params)
    return account.keep(record)


def _write_endpoint(record: Json, params: Params) -> None:
    record["metadata"] = params.metadata(record["metadata"])
    if "url" in params:
        url = params.required("url")
        if not url.startswith(("http://", "https://")):
            raise invalid(
                "Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid"
            )
        record["url"] = url
    if "enabled_events" in params:
        record["enabled_events"] = params.texts("enabled_events")
    if "description" in params:
        record["description"] = params.text("description")
    if "disabled" in params:
        record["status"] = "disabled" if params.flag("disabled") else "enabled"


def _update_endpoint(call: Call) -> Json:
    record = call.account.get("webhook_endpoint", call.id)
    _write_endpoint(record, call.params)
    return record


def _retrieve_endpoint(call: Call) -> Json:
    return call.account.get("webhook_endpoint", call.id)


def _list_endpoints(call: Call) -> Json:
    return page(call, call.account.all("webhook_endpoint"), "/v1/webhook_endpoints")


def _delete_endpoint(call: Call) -> Json:
    record = call.account.get("webhook_endpoint", call.id)
    record["deleted"] = True
    return {"id": record["id"], "object": "webhook_endpoint", "deleted": True}


def version_of(endpoint: Json) -> str:
    """The API version in which an endpoint gets its events."""
    return endpoint["api_version"] or API_VERSION


OPERATIONS: list[Operation] = [
    operation("GET", "/v1/events", _list, f"{PAGING} created delivery_success type types"),
    operation("GET", "/v1/events/{id}", _retrieve),
    operation("POST", "/v1/webhook_endpoints", _create_endpoint, f"{_CHANGEABLE} api_version"),
    operation("GET", "/v1/webhook_endpoints", _list_endpoints, PAGING),
    operation("GET", "/v1/webhook_endpoints/{id}", _retrieve_endpoint),
    operation("POST", "/v1/webhook_endpoints/{id}", _update_endpoint, f"{_CHANGEABLE} disabled"),
    operation("DELETE", "/v1/webhook_endpoints/{id}", _delete_endpoint),
]

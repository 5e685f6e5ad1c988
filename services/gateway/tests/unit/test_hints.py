"""Senders that sign nothing: Microsoft Graph and weclapp."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from starlette.datastructures import Headers

from contracts.tenants.hooks import HookSettings
from gateway.adapters.graph import GraphClientState
from gateway.adapters.weclapp import WeclappToken
from gateway.application.ports import Incoming, Reply, SignatureRefused
from gateway.domain.hook import Hook

STATE, OLD = "client-state-0123456789", "client-state-of-before"
TOKEN = "token-in-the-address"
SUBSCRIPTION = "sub-1"


def changed(**changes: Any) -> dict[str, Any]:
    return {
        "subscriptionId": SUBSCRIPTION, "clientState": STATE, "changeType": "created", "resource": "users/u/messages/1",
        "resourceData": {"id": "1", "@odata.etag": 'W/"1"'},
    } | changes  # fmt: skip


def graph(*items: Any, query: bytes = b"", body: bytes | None = None) -> str | Reply:
    hook = Hook("h", "muster", "graph", "graph", (STATE.encode(), OLD.encode()), HookSettings())
    content = json.dumps({"value": list(items)}).encode() if body is None else body
    return GraphClientState().verify(
        Incoming("POST", b"/webhooks/graph/h", query, Headers(), content), hook, 0.0
    )


def weclapp(query: bytes, body: bytes = b'{"entityId":"1","entityName":"party","type":"UPDATE"}') -> str:
    hook = Hook("h", "muster", "weclapp", "weclapp", (TOKEN.encode(), b"token-of-before-0123"), HookSettings())  # fmt: skip
    return WeclappToken().verify(Incoming("POST", b"/webhooks/weclapp/h", query, Headers(), body), hook, 0.0)


def test_a_batch_is_known_by_what_changed_in_whatever_order() -> None:
    one, two = changed(), changed(resource="users/u/messages/2")

    assert graph(one, two) == graph(two, one)
    assert graph(one) != graph(two)
    assert graph(one, changed(clientState=OLD)) != graph(one)


def test_a_later_version_of_the_same_thing_is_another_delivery() -> None:
    assert graph(changed()) != graph(changed(resourceData={"id": "1", "@odata.etag": 'W/"2"'}))


def test_a_notification_with_an_id_is_known_by_it() -> None:
    assert graph(changed(id="n-1")) == graph(changed(id="n-1"))
    assert graph(changed(id="n-1")) != graph(changed(id="n-2"))


@pytest.mark.parametrize("item", [changed(lifecycleEvent="missed"), changed(resourceData={}), changed(resourceData=None)])  # fmt: skip
def test_what_says_the_same_each_time_is_never_taken_for_the_first_one_come_again(
    item: dict[str, Any],
) -> None:
    assert graph(item) != graph(item)


@pytest.mark.parametrize(
    "items",
    [
        [changed(clientState="wrong")], [changed(), changed(clientState="wrong")], [changed(clientState="wrong"), changed()],
        [changed(clientState=None)], [changed(clientState="")], [changed(clientState=[STATE])], [changed(clientState="ü" * 20)],
        [], [1], [changed(), "x"],
    ],
)  # fmt: skip
def test_every_notification_must_carry_the_client_state(items: list[Any]) -> None:
    with pytest.raises(SignatureRefused):
        graph(*items)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"value": {}}', b"{}", b"[" * 10_000])
def test_a_body_without_notifications_proves_nothing_and_is_refused(body: bytes) -> None:
    with pytest.raises(SignatureRefused):
        graph(body=body)


def test_the_validation_token_comes_back_decoded_as_plain_text() -> None:
    token = "Validation: Testing client application + <b>ü</b>"

    reply = graph(query=f"validationToken={quote(token)}".encode(), body=b"")

    assert isinstance(reply, Reply)
    assert (reply.status, reply.content.decode()) == (200, token)
    assert reply.content_type.startswith("text/plain")


@pytest.mark.parametrize(
    "query", [b"validationToken=", b"validationToken=a&validationToken=b", b"validationToken=" + b"x" * 2049,
              b"validationToken=%ff", b"xvalidationToken=a"]
)  # fmt: skip
def test_a_validation_token_that_is_none_is_refused(query: bytes) -> None:
    with pytest.raises(SignatureRefused):
        graph(query=query, body=b"")


def test_a_second_change_of_the_same_record_is_never_swallowed() -> None:
    assert weclapp(f"token={TOKEN}".encode()) != weclapp(f"token={TOKEN}".encode())


def test_either_token_is_taken_while_it_is_turned() -> None:
    assert weclapp(b"token=token-of-before-0123")


@pytest.mark.parametrize("query", [b"", b"token=", b"token=wrong", b"Token=" + TOKEN.encode(), b"token=\xff",
                                   f"token={TOKEN}&token={TOKEN}".encode()])  # fmt: skip
def test_a_hint_to_an_address_without_the_token_is_refused(query: bytes) -> None:
    with pytest.raises(SignatureRefused):
        weclapp(query)

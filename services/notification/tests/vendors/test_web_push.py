"""What push services do to us, on the simulated one: it checks who sends, and decrypts as a browser does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from chassis.errors import RetryLater
from notification.adapters.web_push import WebPush, read_key
from notification.application.alert_ports import (
    PushMessage,
    PushRefused,
    PushTooLarge,
    Subscription,
    SubscriptionGone,
)
from testkit.sandbox import TO_THE_SANDBOX, Sandbox
from vendorkit import VendorRateLimited

KEY = ec.generate_private_key(ec.SECP256R1())
MESSAGE = PushMessage('{"title":"Störung"}'.encode(), "thema", urgent=True, seconds_to_live=600)


def service(key: ec.EllipticCurvePrivateKey = KEY, subject: str = "mailto:post@betrieb.test") -> WebPush:
    async def own() -> ec.EllipticCurvePrivateKey:
        return key

    return WebPush(own, subject=subject, guard=TO_THE_SANDBOX)


@pytest.fixture
async def browser(sandbox: Sandbox) -> AsyncIterator[Subscription]:
    await sandbox.reset("push")
    made = cast("dict[str, Any]", await sandbox.browser(await service().public_key()))
    yield Subscription("1", "anna", "", datetime.now(UTC), made["endpoint"], **made["keys"])
    await sandbox.clear_faults()


async def shown(sandbox: Sandbox) -> list[dict[str, Any]]:
    return cast("list[dict[str, Any]]", (await sandbox.state("push"))["messages"])


async def test_a_message_arrives_encrypted_signed_and_with_its_urgency(
    sandbox: Sandbox, browser: Subscription
) -> None:
    await service().send(browser, MESSAGE)
    [message] = await shown(sandbox)
    assert json.loads(message["shown"]) == {"title": "Störung"}
    assert (message["ttl"], message["urgency"], message["topic"]) == (600, "high", "thema")
    [seen] = [one for one in await sandbox.seen("push") if browser.endpoint.endswith(one.path)]
    assert "Störung" not in json.dumps(seen.body, ensure_ascii=False)


async def test_a_subscription_that_has_expired_or_never_was_is_gone(
    sandbox: Sandbox, browser: Subscription
) -> None:
    await sandbox.seed("push", expired=[browser.endpoint])
    for subscription in (browser, replace(browser, endpoint=browser.endpoint[:-1] + "x")):
        with pytest.raises(SubscriptionGone):
            await service().send(subscription, MESSAGE)


async def test_what_is_too_large_for_the_service_is_told_apart(browser: Subscription) -> None:
    with pytest.raises(PushTooLarge):
        await service().send(browser, replace(MESSAGE, payload=b"x" * 4000))


async def test_a_key_that_the_subscription_was_not_made_for_is_refused_for_good(
    browser: Subscription,
) -> None:
    with pytest.raises(PushRefused, match="403"):
        await service(ec.generate_private_key(ec.SECP256R1())).send(browser, MESSAGE)


async def test_a_subject_that_no_token_can_have_is_told(browser: Subscription) -> None:
    with pytest.raises(PushRefused, match="NOTIFICATION_VAPID_SUBJECT"):
        await service(subject="anna").send(browser, MESSAGE)


async def test_who_asks_us_to_wait_says_how_long(sandbox: Sandbox, browser: Subscription) -> None:
    await sandbox.fault("push", "429", retry_after=7.0)
    with pytest.raises(VendorRateLimited) as failure:
        await service().send(browser, MESSAGE)
    assert failure.value.after == 7


@pytest.mark.parametrize("kind", ["500", "503", "cut"])
async def test_a_service_that_fails_is_tried_again(
    sandbox: Sandbox, browser: Subscription, kind: str
) -> None:
    await sandbox.fault("push", kind)
    with pytest.raises(RetryLater):
        await service().send(browser, MESSAGE)


def test_a_key_of_the_settings_is_read_in_each_form_and_a_wrong_one_never_shown() -> None:
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    der = "".join(pem.splitlines()[1:-1])
    for text in (pem, der, der.replace("+", "-").replace("/", "_")):
        assert read_key(SecretStr(text)).private_numbers() == KEY.private_numbers()
    for text in ("geheim", "", "AAAA", "!!"):
        with pytest.raises(ValueError, match="NOTIFICATION_VAPID_PRIVATE_KEY") as failure:
            read_key(SecretStr(text))
        assert "geheim" not in str(failure.value)

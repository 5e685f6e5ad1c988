"""What SMTP servers do to us, on the simulated one: real STARTTLS, real AUTH, ordered misbehaviour."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from chassis.errors import EffectUncertain, NeedsTenant, NeverRetry, RetryLater
from contracts.tenants.http_v1 import Credential
from notification.adapters.smtp import SmtpAccount, SmtpAccountUnusable, SmtpMailer, account_of
from notification.application.ports import Parcel, Receipt
from testkit.sandbox import TO_THE_SANDBOX, Sandbox
from vendorkit import PUBLIC_ONLY, Guard

MAILBOX = "office@muster.test"
PARCEL = Parcel(
    mail_from=MAILBOX,
    recipients=("anna@example.org",),
    raw=b"From: office@muster.test\r\nTo: anna@example.org\r\nMessage-ID: <1@muster.test>\r\n\r\n.Punkt\r\nEnde\r\n",
    greeting="muster.test",
)


@pytest.fixture
async def account(sandbox: Sandbox) -> AsyncIterator[SmtpAccount]:
    await sandbox.reset()
    await sandbox.mail.create_mailbox(MAILBOX, "geheim-ä")
    host, _, port = sandbox.address("smtp").rpartition(":")
    yield SmtpAccount(
        host=host,
        port=int(port),
        security="starttls",
        username=MAILBOX,
        password=SecretStr("geheim-ä"),
        ca_pem=await asyncio.to_thread(Path(sandbox.address("ca")).read_text),
        version=3,
    )
    await sandbox.clear_faults()


class Log:
    """Whether the last moment before the letter was reached."""

    def __init__(self) -> None:
        self.reached = 0

    async def before_data(self) -> None:
        self.reached += 1


async def send(
    account: SmtpAccount,
    parcel: Parcel = PARCEL,
    *,
    log: Log | None = None,
    seconds: float = 10,
    guard: Guard = TO_THE_SANDBOX,
) -> Receipt:
    async def of_tenant(_: str) -> SmtpAccount:
        return account

    return await SmtpMailer(of_tenant, seconds=seconds, guard=guard).send(
        "muster", parcel, (log or Log()).before_data
    )


async def test_a_letter_arrives_byte_by_byte_through_starttls_and_login(
    sandbox: Sandbox, account: SmtpAccount
) -> None:
    receipt = await send(account)
    [mail] = await sandbox.mail.sent()
    assert (mail.mail_from, mail.recipients, mail.user) == (MAILBOX, ["anna@example.org"], MAILBOX)
    assert mail.raw_base64.endswith(b"\r\n\r\n.Punkt\r\nEnde\r\n")
    assert receipt.refused == ()


@pytest.mark.parametrize(
    ("stage", "details"),
    [
        ("connect", {"action": "reply", "code": 421}),
        ("connect", {"action": "cut"}),
        ("connect", {"action": "hang"}),
        ("mail", {"action": "reply", "code": 451}),
        ("mail", {"action": "cut"}),
        ("rcpt", {"action": "reply", "code": 450}),
        ("data", {"action": "reply", "code": 451}),
        ("data", {"action": "cut"}),
        ("data", {"action": "hang"}),
        ("message", {"action": "reply", "code": 452}),
    ],
)
async def test_what_fails_before_the_server_has_the_letter_is_tried_again(
    sandbox: Sandbox, account: SmtpAccount, stage: str, details: dict[str, str | int]
) -> None:
    await sandbox.mail.fault(
        "smtp", stage, str(details["action"]), **{k: v for k, v in details.items() if k != "action"}
    )
    with pytest.raises(RetryLater) as failure:
        await send(account, seconds=1)
    assert not getattr(failure.value, "ambiguous", False)
    assert await sandbox.mail.sent() == []
    await send(account)
    assert len(await sandbox.mail.sent()) == 1


@pytest.mark.parametrize("action", ["accept_then_cut", "accept_then_hang", "cut", "hang"])
async def test_a_letter_without_an_answer_is_uncertain(
    sandbox: Sandbox, account: SmtpAccount, action: str
) -> None:
    await sandbox.mail.fault("smtp", "message", action)
    log = Log()
    with pytest.raises(EffectUncertain):
        await send(account, log=log, seconds=1)
    assert log.reached == 1


@pytest.mark.parametrize(("stage", "code"), [("mail", 550), ("rcpt", 550), ("data", 554), ("message", 552)])
async def test_a_refusal_for_good_is_never_tried_again(
    sandbox: Sandbox, account: SmtpAccount, stage: str, code: int
) -> None:
    await sandbox.mail.fault("smtp", stage, "reply", code=code, text="5.1.1 no anna@example.org here")
    with pytest.raises(NeverRetry) as failure:
        await send(account)
    assert str(code) in str(failure.value)
    assert "anna@example.org" not in str(failure.value)


async def test_the_others_get_a_letter_that_one_recipient_is_refused(
    sandbox: Sandbox, account: SmtpAccount
) -> None:
    await sandbox.mail.fault("smtp", "rcpt", "reply", code=550, address="gone@example.org")
    receipt = await send(account, replace(PARCEL, recipients=("gone@example.org", "anna@example.org")))
    [mail] = await sandbox.mail.sent()
    assert mail.recipients == ["anna@example.org"]
    assert [refused.partition(":")[0] for refused in receipt.refused] == ["gone@example.org"]


async def test_a_wrong_password_is_the_tenants_to_mend(sandbox: Sandbox, account: SmtpAccount) -> None:
    log = Log()
    with pytest.raises(NeedsTenant) as failure:
        await send(replace(account, password=SecretStr("falsch")), log=log)
    assert isinstance(failure.value, SmtpAccountUnusable)
    assert (failure.value.credential, failure.value.version, log.reached) == ("smtp", 3, 0)
    assert "falsch" not in str(failure.value)


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(account: SmtpAccount) -> None:
    with pytest.raises(NeedsTenant, match="certificate"):
        await send(replace(account, ca_pem=None))


async def test_a_server_that_is_not_there_is_tried_again(account: SmtpAccount) -> None:
    with pytest.raises(RetryLater):
        await send(replace(account, port=1))


@pytest.mark.parametrize(
    "values", [{}, {"host": "h", "port": "viele"}, {"host": "h", "port": "25", "security": "ssl"}]
)
def test_a_credential_that_is_incomplete_says_what_is_missing(values: dict[str, str]) -> None:
    credential = Credential(
        name="smtp", version=2, values={name: SecretStr(value) for name, value in values.items()}
    )
    with pytest.raises(SmtpAccountUnusable, match="host, port"):
        account_of(credential)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "10.0.0.25", "0x7f.1"])
async def test_a_mail_server_that_is_not_on_the_public_internet_waits_for_the_tenant(
    sandbox: Sandbox, account: SmtpAccount, host: str
) -> None:
    log = Log()
    with pytest.raises(SmtpAccountUnusable, match="FRONTDESK_OUTWARD_ALLOW") as waiting:
        await send(replace(account, host=host), log=log, guard=PUBLIC_ONLY)
    assert waiting.value.credential == "smtp"
    assert log.reached == 0
    assert await sandbox.mail.sent() == []


async def test_the_certificate_must_be_the_names_although_the_connection_goes_to_a_checked_address(
    account: SmtpAccount,
) -> None:
    to_the_sandbox = Guard(TO_THE_SANDBOX.allowed, lambda host, port: ["127.0.0.1"])
    with pytest.raises(SmtpAccountUnusable, match="certificate"):
        await send(replace(account, host="mail.somebody-else.example"), guard=to_the_sandbox)

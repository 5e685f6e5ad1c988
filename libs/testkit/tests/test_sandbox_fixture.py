from email.message import EmailMessage

import httpx

from testkit.sandbox import Sandbox


async def test_the_vendors_run_for_the_session_and_tell_what_they_saw(sandbox: Sandbox) -> None:
    async with httpx.AsyncClient() as client:
        await client.get(f"{sandbox.address('openai')}/models")

    assert [(seen.vendor, seen.method) for seen in await sandbox.seen("openai")][-1] == ("openai", "GET")


async def test_a_letter_delivered_lies_in_the_mailbox(sandbox: Sandbox) -> None:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "kundin@example.org", "buero@example.test", "Grüße"
    letter.set_content("Ist die Wohnung noch frei?")
    await sandbox.mail.create_mailbox("buero@example.test", "geheim")

    await sandbox.mail.deliver("buero@example.test", letter)

    assert [mail.message["Subject"] for mail in await sandbox.mail.folder("buero@example.test")] == ["Grüße"]


async def test_a_fault_that_was_asked_for_is_shown(sandbox: Sandbox) -> None:
    await sandbox.fault("openai", "429", times=1, retry_after=3)

    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{sandbox.address('openai')}/models")
    await sandbox.clear_faults()

    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")

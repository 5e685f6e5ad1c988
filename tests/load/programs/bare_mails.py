"""The floor of answering: a mail handed to the same SMTP server, encrypted and signed in, each on its own connection."""

from __future__ import annotations

import asyncio
import ssl
import time
from email.message import EmailMessage
from email.utils import make_msgid

import aiosmtplib
import uvloop
from pydantic import BaseModel
from talk import answer, asked, in_parts

AT_A_TIME = 8


class Asked(BaseModel):
    """What is wanted."""

    host: str
    port: int
    ca_file: str
    username: str
    password: str
    count: int


async def main() -> None:
    """Send them all."""
    wanted = asked(Asked)
    context = ssl.create_default_context(cafile=wanted.ca_file)

    async def send() -> None:
        message = EmailMessage()
        message["From"], message["To"] = wanted.username, "nobody@example.test"
        message["Subject"], message["Message-ID"] = "Anfrage", make_msgid()
        message.set_content("Danke für Ihre Anfrage.\n" * 20)
        await aiosmtplib.send(
            message, hostname=wanted.host, port=wanted.port, username=wanted.username,
            password=wanted.password, start_tls=True, tls_context=context,
        )  # fmt: skip

    began = time.monotonic()
    for part in in_parts(wanted.count, AT_A_TIME):
        await asyncio.gather(*(send() for _ in part))
    answer(rate=wanted.count / (time.monotonic() - began))


if __name__ == "__main__":
    uvloop.run(main())

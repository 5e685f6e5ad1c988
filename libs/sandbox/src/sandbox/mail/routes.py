"""The control plane of the mail world, mounted under /_sandbox/mail."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.mail.arrival import header
from sandbox.mail.faults import Faults
from sandbox.mail.mailboxes import Mailboxes, NoSuchMailbox, StoredLetter
from sandbox.mail.payloads import (
    DeliverManyPayload,
    DeliverPayload,
    DropPayload,
    FaultPayload,
    FolderPayload,
    MailboxPayload,
)
from sandbox.mail.postman import Postman
from sandbox.mail.records import AcceptedMail, Records

PayloadT = TypeVar("PayloadT", bound=BaseModel)


class ControlPlane:
    """The routes; what they steer is handed in."""

    def __init__(
        self,
        *,
        mailboxes: Mailboxes,
        faults: Faults,
        postman: Postman,
        records: Records,
        addresses: Callable[[], dict[str, str]],
        change_uidvalidity: Callable[[str, str], Awaitable[None]],
        drop: Callable[[str | None], Awaitable[None]],
    ) -> None:
        self._mailboxes = mailboxes
        self._faults = faults
        self._postman = postman
        self._records = records
        self._addresses = addresses
        self._change_uidvalidity = change_uidvalidity
        self._drop = drop

    def routes(self) -> list[BaseRoute]:
        """Every route, to be mounted."""
        table: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("GET", "/addresses", self._get_addresses),
            ("GET", "/ca", self._get_authority),
            ("GET", "/mailboxes", self._get_mailboxes),
            ("POST", "/mailboxes", self._post_mailbox),
            ("GET", "/mailboxes/{address}/{folder}", self._get_folder),
            ("POST", "/deliver", self._post_deliver),
            ("POST", "/deliver-many", self._post_deliver_many),
            ("GET", "/sent", self._get_sent),
            ("GET", "/faults", self._get_faults),
            ("POST", "/faults", self._post_fault),
            ("DELETE", "/faults", self._delete_faults),
            ("POST", "/imap/uidvalidity", self._post_uidvalidity),
            ("POST", "/imap/drop", self._post_drop),
            ("POST", "/reset", self._post_reset),
        ]
        return [Route(path, _answering(endpoint), methods=[method]) for method, path, endpoint in table]

    async def _get_addresses(self, _request: Request) -> Response:
        return JSONResponse(self._addresses())

    async def _get_authority(self, _request: Request) -> Response:
        """What a client must trust, in PEM: for whoever does not see the sandbox's folder."""
        return FileResponse(self._addresses()["ca"], media_type="application/x-pem-file")

    async def _get_mailboxes(self, _request: Request) -> Response:
        return JSONResponse({"mailboxes": self._mailboxes.addresses()})

    async def _post_mailbox(self, request: Request) -> Response:
        payload = await _payload(request, MailboxPayload)
        self._mailboxes.create(payload.address, payload.password)
        return JSONResponse({"address": payload.address.lower()}, 201)

    async def _get_folder(self, request: Request) -> Response:
        address, folder = request.path_params["address"], request.path_params["folder"]
        letters = await asyncio.to_thread(self._mailboxes.letters, address, folder)
        return JSONResponse({"messages": [_stored_as_json(letter) for letter in letters]})

    async def _post_deliver(self, request: Request) -> Response:
        payload = await _payload(request, DeliverPayload)
        return JSONResponse({"delivered": self._postman.deliver(payload)}, 201)

    async def _post_deliver_many(self, request: Request) -> Response:
        payload = await _payload(request, DeliverManyPayload)
        return JSONResponse({"delivered": await asyncio.to_thread(self._postman.deliver_many, payload)}, 201)

    async def _get_sent(self, request: Request) -> Response:
        to, sender = request.query_params.get("to"), request.query_params.get("from")
        after = int(request.query_params.get("after", "0"))
        mails = [mail for mail in self._records.accepted[max(after, 0) :] if _concerns(mail, to, sender)]
        return JSONResponse({"sent": [_accepted_as_json(mail) for mail in mails]})

    async def _get_faults(self, _request: Request) -> Response:
        return JSONResponse({"faults": [asdict(fault) for fault in self._faults.all()]})

    async def _post_fault(self, request: Request) -> Response:
        payload = await _payload(request, FaultPayload)
        fault = self._faults.order(
            payload.server,
            payload.stage,
            payload.action,
            code=payload.code,
            text=payload.text,
            seconds=payload.seconds,
            address=payload.address,
            times=payload.times,
        )
        return JSONResponse(asdict(fault), 201)

    async def _delete_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    async def _post_uidvalidity(self, request: Request) -> Response:
        payload = await _payload(request, FolderPayload)
        await self._change_uidvalidity(payload.address, payload.folder)
        return Response(status_code=204)

    async def _post_drop(self, request: Request) -> Response:
        payload = await _payload(request, DropPayload)
        await self._drop(payload.address)
        return Response(status_code=204)

    async def _post_reset(self, _request: Request) -> Response:
        await self.reset()
        return Response(status_code=204)

    async def reset(self) -> None:
        """Forget mailboxes, letters, faults and everything accepted; connections are cut."""
        self._faults.clear()
        await self._drop(None)
        await asyncio.to_thread(self._mailboxes.remove_all)
        self._records.forget_accepted()


def _answering(
    endpoint: Callable[[Request], Awaitable[Response]],
) -> Callable[[Request], Awaitable[Response]]:
    """Turn what was wrong with a request into an answer that says so."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValidationError as error:
            return JSONResponse({"error": error.errors(include_url=False, include_context=False)}, 422)
        except NoSuchMailbox as error:
            return JSONResponse({"error": str(error)}, 404)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 422)

    return answer


async def _payload(request: Request, payload: type[PayloadT]) -> PayloadT:
    return payload.model_validate_json(await request.body() or b"{}")


def _concerns(mail: AcceptedMail, to: str | None, sender: str | None) -> bool:
    recipients = {recipient.lower() for recipient in mail.recipients}
    return (to is None or to.lower() in recipients) and (
        sender is None or sender.lower() == mail.mail_from.lower()
    )


def _accepted_as_json(mail: AcceptedMail) -> dict[str, object]:
    return {
        "number": mail.number,
        "accepted_at": mail.accepted_at.isoformat(),
        "user": mail.user,
        "mail_from": mail.mail_from,
        "recipients": list(mail.recipients),
        "message_id": header(mail.raw, "Message-ID"),
        "answered": mail.answered,
        "raw_base64": base64.b64encode(mail.raw).decode(),
    }


def _stored_as_json(letter: StoredLetter) -> dict[str, object]:
    return {
        "received_at": letter.received_at.isoformat(),
        "flags": list(letter.flags),
        "message_id": header(letter.raw, "Message-ID"),
        "raw_base64": base64.b64encode(letter.raw).decode(),
    }

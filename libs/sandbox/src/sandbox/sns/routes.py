"""Amazon SNS: the certificate that it signs with, and `ConfirmSubscription`."""

from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sandbox.sns.authority import CERTIFICATE, certified
from sandbox.wire import JsonObject

_XML = "text/xml"


class Sns:
    """Amazon SNS as a vendor of the sandbox."""

    name = "sns"

    def __init__(self) -> None:
        self._confirmed: list[str] = []

    def routes(self) -> list[BaseRoute]:
        """What a receiver reads."""
        return [
            Route(CERTIFICATE, self._certificate, methods=["GET"]),
            Route("/", self._act, methods=["GET"]),
        ]

    async def _certificate(self, _request: Request) -> Response:
        _, certificate = certified()
        return Response(certificate.public_bytes(Encoding.PEM), media_type="application/x-x509-ca-cert")

    async def _act(self, request: Request) -> Response:
        asked = request.query_params
        topic = asked.get("TopicArn", "")
        if asked.get("Action") != "ConfirmSubscription" or not topic or not asked.get("Token"):
            return self.failure(400, None)
        self._confirmed.append(topic)
        body = (
            '<ConfirmSubscriptionResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ConfirmSubscriptionResult>'
            f"<SubscriptionArn>{topic}:1</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>"
        )
        return Response(body, media_type=_XML)

    def reset(self) -> None:
        """Forget who confirmed; the key stays."""
        self._confirmed.clear()

    def seed(self, data: JsonObject) -> None:
        """There is nothing to seed."""

    def snapshot(self) -> JsonObject:
        """The topics whose subscription was confirmed, oldest first."""
        return {"confirmed": list(self._confirmed)}

    def failure(self, status: int, retry_after: float | None) -> Response:
        """An error in the form of Amazon's query interface."""
        code = "InvalidParameter" if status < 500 else "InternalFailure"
        headers = {"Retry-After": f"{retry_after:g}"} if retry_after is not None else None
        body = f"<ErrorResponse><Error><Code>{code}</Code><Message>{status}</Message></Error></ErrorResponse>"
        return Response(body, status, headers, _XML)

    def dump(self) -> JsonObject:
        """Nothing is kept over a restart."""
        return {}

    def load(self, data: JsonObject) -> None:
        """Nothing is kept over a restart."""

"""OpenAI through its own SDK: the Responses API and embeddings, one request per call."""

import math
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

import httpx2
import openai
from openai.types.responses import (
    ResponseCompletedEvent,
    ResponseErrorEvent,
    ResponseFailedEvent,
    ResponseIncompleteEvent,
    ResponseTextDeltaEvent,
)
from pydantic import BaseModel

from llm.connection import http_client, silent, timeouts
from llm.port import EMBEDDING_DIMENSIONS, Embedded, Generated, Made, Prompt, T, TextStream, Tokens
from llm.prices import cost_of
from llm.schema import read, strict_schema
from llm.settings import LanguageModelSettings
from vendorkit import (
    VendorAuthExpired,
    VendorContractBroken,
    VendorError,
    VendorRateLimited,
    VendorRejected,
    VendorUnavailable,
    refusal,
)

_VENDOR = "OpenAI"
_PROVIDER = "openai"
_TEXTS_PER_REQUEST = 256
_LAST = (ResponseCompletedEvent, ResponseIncompleteEvent, ResponseFailedEvent)


class OpenAI:
    """The port over OpenAI."""

    def __init__(self, settings: LanguageModelSettings) -> None:
        self._settings = settings
        self._client = openai.AsyncOpenAI(
            api_key=settings.api_key.get_secret_value(),
            base_url=settings.base_url,
            max_retries=0,
            timeout=timeouts(settings),
            http_client=http_client(settings),
        )

    async def generate(self, prompt: Prompt, schema: type[T]) -> Generated[T]:
        """An answer in the form of `schema`, by strict structured output."""
        with self._translated():
            response = await self._client.responses.create(
                model=self._settings.writer,
                instructions=prompt.instructions,
                input=prompt.text,
                text={
                    "format": {
                        "type": "json_schema",
                        "name": schema.__name__,
                        "strict": True,
                        "schema": strict_schema(schema),
                    }
                },
                max_output_tokens=self._settings.max_output_tokens,
                store=False,
            )
            answer = _answer(response)
        value = read(self._text_of(answer), schema, vendor=_VENDOR)
        made = self._made(answer)
        return Generated(
            value=value, provider=_PROVIDER, model=made.model, tokens=made.tokens, cost=made.cost
        )

    def stream(self, prompt: Prompt) -> TextStream:
        """An answer as text, piece by piece."""
        return TextStream(self._pieces(prompt))

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Vectors of 384 dimensions."""
        model = self._settings.embedder
        vectors: list[tuple[float, ...]] = []
        read_tokens = 0
        with self._translated():
            for start in range(0, len(texts), _TEXTS_PER_REQUEST):
                batch = list(texts[start : start + _TEXTS_PER_REQUEST])
                found = await self._client.embeddings.create(
                    model=model, input=batch, dimensions=EMBEDDING_DIMENSIONS
                )
                vectors += [_unit(item.embedding) for item in sorted(found.data, key=lambda item: item.index)]
                read_tokens += found.usage.prompt_tokens
        if len(vectors) != len(texts):
            raise VendorContractBroken(
                f"{_VENDOR} sent {len(vectors)} vectors for {len(texts)} texts.", vendor=_VENDOR
            )
        tokens = Tokens(read_tokens, 0)
        cost = cost_of(tokens, model, self._settings.prices)
        return Embedded(vectors=tuple(vectors), provider=_PROVIDER, model=model, tokens=tokens, cost=cost)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _pieces(self, prompt: Prompt) -> AsyncGenerator[str | Made, None]:
        with self._translated():
            events = await self._client.responses.create(
                model=self._settings.writer,
                instructions=prompt.instructions,
                input=prompt.text,
                max_output_tokens=self._settings.max_output_tokens,
                store=False,
                stream=True,
            )
            try:
                async for event in events:
                    if isinstance(event, ResponseTextDeltaEvent):
                        yield event.delta
                    elif isinstance(event, ResponseErrorEvent):
                        raise _failed(_Failure(code=event.code or "", message=event.message))
                    elif isinstance(event, _LAST):
                        answer = _answer(event.response)
                        self._text_of(answer)
                        yield self._made(answer)
                        return
            finally:
                await events.close()
        raise VendorUnavailable(
            f"{_VENDOR} broke off in the middle of its answer. Trying again later.",
            vendor=_VENDOR,
            ambiguous=True,
        )

    def _made(self, answer: "_Answer") -> Made:
        tokens = Tokens(answer.usage.input_tokens, answer.usage.output_tokens)
        cost = cost_of(tokens, self._settings.writer, self._settings.prices)
        return Made(provider=_PROVIDER, model=answer.model, tokens=tokens, cost=cost)

    def _text_of(self, answer: "_Answer") -> str:
        """The text of a completed answer; a refusal, a cut or a failure is raised."""
        if answer.status == "failed":
            raise _failed(answer.error or _Failure())
        parts = [part for item in answer.output if item.type == "message" for part in item.content or []]
        if any(part.type == "refusal" for part in parts):
            raise VendorContractBroken(f"{_VENDOR}'s model refused to answer; a human must.", vendor=_VENDOR)
        if answer.status == "incomplete":
            reason = answer.incomplete_details.reason if answer.incomplete_details else "no reason given"
            raise VendorContractBroken(
                f"{_VENDOR} cut its answer off ({reason}); allowed are {self._settings.max_output_tokens} tokens.",
                vendor=_VENDOR,
            )
        return "".join(part.text for part in parts if part.type == "output_text")

    @contextmanager
    def _translated(self) -> Generator[None]:
        """Turns what the SDK raises into one of the five errors."""
        try:
            yield
        except openai.APIConnectionError as error:
            raise silent(_VENDOR, error.__cause__ or error) from error
        except openai.APIStatusError as error:
            # Not chained: the SDK's own words may repeat the prompt or a part of the key.
            raise _refused(error, self._settings.credential) from None
        except openai.APIError as error:
            raise _failed(_Failure(code=error.code or "", message=error.message)) from None
        except (httpx2.DecodingError, openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
            raise VendorContractBroken(
                f"{_VENDOR} answered in a form that its SDK cannot read ({type(error).__name__}).",
                vendor=_VENDOR,
            ) from None


class _Part(BaseModel):
    type: str
    text: str = ""


class _Item(BaseModel):
    type: str
    content: list[_Part] | None = None


class _Usage(BaseModel):
    input_tokens: int
    output_tokens: int


class _Failure(BaseModel):
    code: str = ""
    message: str = ""


class _Cut(BaseModel):
    reason: str = ""


class _Answer(BaseModel):
    """What we need of a response; the SDK itself checks nothing."""

    status: str
    model: str
    output: list[_Item]
    usage: _Usage = _Usage(input_tokens=0, output_tokens=0)
    incomplete_details: _Cut | None = None
    error: _Failure | None = None


def _answer(response: BaseModel) -> _Answer:
    fields = response.model_dump(include=set(_Answer.model_fields), exclude_none=True)
    return _Answer.model_validate(fields)


def _refused(error: openai.APIStatusError, credential: str) -> VendorError:
    body = error.body
    words = str(cast(Mapping[str, object], body).get("message", "")) if isinstance(body, Mapping) else ""
    if error.code == "insufficient_quota":
        # Billing, not speed: waiting does not help, somebody must pay or change the key.
        return VendorAuthExpired(
            f"{_VENDOR}'s account for the credential '{credential}' has no credit left; please top it up.",
            vendor=_VENDOR,
            credential=credential,
        )
    headers = dict(error.response.headers)
    if "retry-after-ms" in headers and headers["retry-after-ms"].isdecimal():
        headers["retry-after"] = str(int(headers["retry-after-ms"]) / 1000)
    return refusal(
        error.status_code, headers, words, vendor=_VENDOR, credential=credential, forbidden="auth_expired"
    )


def _failed(failure: _Failure) -> VendorError:
    """A failure that is told within an answer of HTTP 200."""
    if failure.code == "rate_limit_exceeded":
        return VendorRateLimited(f"{_VENDOR} takes no more requests for now.", vendor=_VENDOR)
    if failure.code in ("", "server_error", "vector_store_timeout"):
        return VendorUnavailable(
            f"{_VENDOR} failed while it answered. Trying again later.", vendor=_VENDOR, ambiguous=True
        )
    return VendorRejected(f"{_VENDOR} refused the request ({failure.code}).", vendor=_VENDOR)


def _unit(vector: Sequence[float]) -> tuple[float, ...]:
    if len(vector) != EMBEDDING_DIMENSIONS:
        raise VendorContractBroken(
            f"{_VENDOR} sent a vector of {len(vector)} dimensions instead of {EMBEDDING_DIMENSIONS}.",
            vendor=_VENDOR,
        )
    length = math.sqrt(math.fsum(value * value for value in vector)) or 1.0
    return tuple(value / length for value in vector)

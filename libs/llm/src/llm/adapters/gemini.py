"""Gemini through its own SDK: generateContent and embeddings, one request per call."""

import math
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import cast

import httpx2
from google import genai
from google.genai import errors, types

from llm.connection import http_client, silent
from llm.port import EMBEDDING_DIMENSIONS, Embedded, Generated, Made, Prompt, T, TextStream, Tokens
from llm.prices import cost_of, estimated_tokens
from llm.schema import read, strict_schema
from llm.settings import LanguageModelSettings
from vendorkit import VendorAuthExpired, VendorContractBroken, VendorError, VendorUnavailable, refusal

_VENDOR = "Gemini"
_PROVIDER = "gemini"
_TEXTS_PER_REQUEST = 100
_CUT = frozenset({types.FinishReason.MAX_TOKENS, types.FinishReason.CONTINUATION})
_WHOLE = frozenset({types.FinishReason.STOP, types.FinishReason.FINISH_REASON_UNSPECIFIED})


class Gemini:
    """The port over Gemini."""

    def __init__(self, settings: LanguageModelSettings) -> None:
        self._settings = settings
        self._http = http_client(settings)
        # The SDK closes its transport when the client is collected, so the client is kept, not only its parts.
        self._client = genai.Client(
            api_key=settings.api_key.get_secret_value(),
            http_options=types.HttpOptions(
                base_url=settings.base_url,
                api_version="v1beta",
                timeout=int(settings.timeout_s * 1000),
                retry_options=types.HttpRetryOptions(attempts=1),
                httpx_async_client=self._http,
            ),
        )

    async def generate(self, prompt: Prompt, schema: type[T]) -> Generated[T]:
        """An answer in the form of `schema`, by the vendor's JSON mode."""
        config = self._config(prompt)
        config.response_mime_type = "application/json"
        config.response_json_schema = strict_schema(schema)
        with self._translated():
            response = await self._client.aio.models.generate_content(
                model=self._settings.writer, contents=prompt.text, config=config
            )
        value = read(self._text_of(response), schema, vendor=_VENDOR)
        made = self._made(response)
        return Generated(
            value=value, provider=_PROVIDER, model=made.model, tokens=made.tokens, cost=made.cost
        )

    def stream(self, prompt: Prompt) -> TextStream:
        """An answer as text, piece by piece."""
        return TextStream(self._pieces(prompt))

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Vectors of 384 dimensions; the vendor shortens them without making them unit length again, so we do."""
        model = self._settings.embedder
        vectors: list[tuple[float, ...]] = []
        with self._translated():
            for start in range(0, len(texts), _TEXTS_PER_REQUEST):
                # One Content per text: newer models make one vector of a list of strings.
                batch = [
                    types.Content(parts=[types.Part(text=text)])
                    for text in texts[start : start + _TEXTS_PER_REQUEST]
                ]
                found = await self._client.aio.models.embed_content(
                    model=model,
                    contents=cast(types.ContentListUnion, batch),
                    config=types.EmbedContentConfig(output_dimensionality=EMBEDDING_DIMENSIONS),
                )
                vectors += [_unit(item.values or []) for item in found.embeddings or []]
        if len(vectors) != len(texts):
            raise VendorContractBroken(
                f"{_VENDOR} sent {len(vectors)} vectors for {len(texts)} texts.", vendor=_VENDOR
            )
        # The Developer API counts no tokens for embeddings.
        tokens = Tokens(estimated_tokens(*texts), 0, estimated=True)
        cost = cost_of(tokens, model, self._settings.prices)
        return Embedded(vectors=tuple(vectors), provider=_PROVIDER, model=model, tokens=tokens, cost=cost)

    async def aclose(self) -> None:
        """Close the connections."""
        self._client.close()
        await self._client.aio.aclose()
        await self._http.aclose()

    async def _pieces(self, prompt: Prompt) -> AsyncGenerator[str | Made, None]:
        last: types.GenerateContentResponse | None = None
        with self._translated():
            chunks = await self._client.aio.models.generate_content_stream(
                model=self._settings.writer, contents=prompt.text, config=self._config(prompt)
            )
            async for chunk in chunks:
                last = chunk
                if text := _words(chunk):
                    yield text
        if last is None or _finish(last) is None:
            raise VendorUnavailable(
                f"{_VENDOR} broke off in the middle of its answer. Trying again later.",
                vendor=_VENDOR,
                ambiguous=True,
            )
        self._text_of(last)
        yield self._made(last)

    def _config(self, prompt: Prompt) -> types.GenerateContentConfig:
        return types.GenerateContentConfig(
            system_instruction=prompt.instructions,
            max_output_tokens=self._settings.max_output_tokens,
            # Both would send further requests by themselves: a second retry layer, out of our limits.
            automatic_continuation=False,
            automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        )

    def _made(self, response: types.GenerateContentResponse) -> Made:
        usage = response.usage_metadata or types.GenerateContentResponseUsageMetadata()
        written = (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0)
        tokens = Tokens(usage.prompt_token_count or 0, written)
        cost = cost_of(tokens, self._settings.writer, self._settings.prices)
        return Made(
            provider=_PROVIDER,
            model=response.model_version or self._settings.writer,
            tokens=tokens,
            cost=cost,
        )

    def _text_of(self, response: types.GenerateContentResponse) -> str:
        """The text of a completed answer; a refusal or a cut is raised."""
        if not response.candidates:
            blocked = response.prompt_feedback.block_reason if response.prompt_feedback else None
            reason = blocked.value if blocked else "no candidate"
            raise VendorContractBroken(f"{_VENDOR} gave no answer ({reason}); a human must.", vendor=_VENDOR)
        finish = _finish(response)
        if finish in _CUT:
            raise VendorContractBroken(
                f"{_VENDOR} cut its answer off; allowed are {self._settings.max_output_tokens} tokens.",
                vendor=_VENDOR,
            )
        if finish is not None and finish not in _WHOLE:
            raise VendorContractBroken(
                f"{_VENDOR}'s model refused to answer ({finish.value}); a human must.", vendor=_VENDOR
            )
        return _words(response)

    @contextmanager
    def _translated(self) -> Generator[None]:
        """Turns what the SDK raises into one of the five errors."""
        try:
            yield
        except errors.APIError as error:
            # Not chained: the SDK's own words may repeat the prompt.
            raise _refused(error, self._settings.credential) from None
        except httpx2.TransportError as error:
            raise silent(_VENDOR, error) from error
        except (httpx2.DecodingError, ValueError, TypeError, AttributeError, KeyError) as error:
            raise VendorContractBroken(
                f"{_VENDOR} answered in a form that its SDK cannot read ({type(error).__name__}).",
                vendor=_VENDOR,
            ) from None


def _words(response: types.GenerateContentResponse) -> str:
    content = response.candidates[0].content if response.candidates else None
    parts = content.parts if content and content.parts else []
    return "".join(part.text for part in parts if part.text and not part.thought)


def _finish(response: types.GenerateContentResponse) -> types.FinishReason | None:
    if not response.candidates:
        return None if response.prompt_feedback is None else types.FinishReason.OTHER
    return response.candidates[0].finish_reason


def _refused(error: errors.APIError, credential: str) -> VendorError:
    details = _details(error)
    if error.code == 400 and any(detail.get("reason") == "API_KEY_INVALID" for detail in details):
        return VendorAuthExpired(
            f"{_VENDOR} no longer accepts the credential '{credential}'; please renew it.",
            vendor=_VENDOR,
            credential=credential,
        )
    headers = dict(cast(httpx2.Response, error.response).headers) if error.response else {}
    for detail in details:
        delay = detail.get("retryDelay")
        if isinstance(delay, str) and "retry-after" not in headers:
            headers["retry-after"] = delay.removesuffix("s")
    return refusal(
        int(error.code),
        headers,
        error.message or "",
        vendor=_VENDOR,
        credential=credential,
        forbidden="auth_expired",
    )


def _details(error: errors.APIError) -> list[Mapping[str, object]]:
    body = cast(object, error.details)
    inner = cast(Mapping[str, object], body).get("error") if isinstance(body, Mapping) else None
    found = cast(Mapping[str, object], inner).get("details") if isinstance(inner, Mapping) else None
    items = cast(list[object], found) if isinstance(found, list) else []
    return [cast(Mapping[str, object], item) for item in items if isinstance(item, Mapping)]


def _unit(vector: Sequence[float]) -> tuple[float, ...]:
    if len(vector) != EMBEDDING_DIMENSIONS:
        raise VendorContractBroken(
            f"{_VENDOR} sent a vector of {len(vector)} dimensions instead of {EMBEDDING_DIMENSIONS}.",
            vendor=_VENDOR,
        )
    length = math.sqrt(math.fsum(value * value for value in vector)) or 1.0
    return tuple(value / length for value in vector)

"""OpenAI's HTTP interface: responses, chat completions, embeddings, models."""

import base64
import struct
import uuid
from collections.abc import Awaitable, Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.model.answering import Question, answer, tokens_in
from sandbox.model.embedding import embed
from sandbox.model.schema import UnusableSchema
from sandbox.openai.errors import OpenAIError, error_answer
from sandbox.openai.reading import chat_question, responses_question
from sandbox.openai.state import OpenAIState
from sandbox.openai.writing import chat_events, chat_object, response_events, response_object
from sandbox.wire import JsonObject, NotJson, as_int, as_object, as_text, as_texts, json_object

_DIMENSIONS = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072}
_MOST_TEXTS, _MOST_TOKENS = 2048, 8192
Handler = Callable[[JsonObject, str], Awaitable[Response]]


class OpenAI:
    """OpenAI as a vendor of the sandbox."""

    name = "openai"

    def __init__(self) -> None:
        self._state = OpenAIState()

    def routes(self) -> list[BaseRoute]:
        """The documented paths under /v1."""
        return [
            self._route("/v1/responses", self._responses),
            self._route("/v1/chat/completions", self._chat),
            self._route("/v1/embeddings", self._embeddings),
            Route("/v1/models", self._models, methods=["GET"]),
            Route("/v1/models/{model}", self._models, methods=["GET"]),
            Route("/{rest:path}", _no_such_path),
        ]

    def reset(self) -> None:
        """Every key good again."""
        self._state = OpenAIState()

    def seed(self, data: JsonObject) -> None:
        """See OpenAIState.seed."""
        self._state.seed(data)

    def snapshot(self) -> JsonObject:
        """Which keys are refused."""
        return {"revoked_keys": sorted(self._state.revoked_keys), "models": list(self._state.models)}

    def failure(self, status: int, retry_after: float | None) -> Response:
        """A failure in OpenAI's form."""
        if status == 429:
            limit = OpenAIError(429, "Rate limit reached for requests.", code="rate_limit_exceeded")
            return error_answer(limit, retry_after)
        return error_answer(
            OpenAIError(status, "The server had an error while processing your request."), retry_after
        )

    def dump(self) -> JsonObject:
        """Nothing outlives a restart."""
        return {}

    def load(self, data: JsonObject) -> None:
        """Nothing outlives a restart."""

    def _route(self, path: str, handler: Handler) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                self._check_key(request)
                body = json_object(await request.body())
                model = as_text(body.get("model"))
                self._check_model(model)
                response = await handler(body, model)
            except OpenAIError as error:
                response = error_answer(error)
            except NotJson as error:
                response = error_answer(
                    OpenAIError(400, f"We could not parse the JSON body of your request. {error}")
                )
            except UnusableSchema as error:
                response = error_answer(OpenAIError(400, str(error), code="invalid_json_schema"))
            response.headers["x-request-id"] = f"req_{uuid.uuid4().hex}"
            return response

        return Route(path, endpoint, methods=["POST"])

    def _check_key(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise OpenAIError(401, "You didn't provide an API key.")
        if key in self._state.revoked_keys:
            raise OpenAIError(401, f"Incorrect API key provided: …{key[-4:]}.", code="invalid_api_key")
        if key in self._state.keys_without_quota:
            raise OpenAIError(429, "You exceeded your current quota.", code="insufficient_quota")

    def _check_model(self, model: str) -> None:
        if not model:
            raise OpenAIError(400, "you must provide a model parameter", param="model")
        if model in self._state.missing_models:
            message = f"The model `{model}` does not exist or you do not have access to it."
            raise OpenAIError(404, message, code="model_not_found", param="model")

    async def _responses(self, body: JsonObject, model: str) -> Response:
        question = responses_question(body)
        text = await _answer(question)
        response_id, limit = self._state.next_id("resp"), _limit(body, "max_output_tokens")
        if body.get("stream") is True:
            events = response_events(response_id, model, question, text, limit=limit)
            return StreamingResponse(events, media_type="text/event-stream")
        return JSONResponse(response_object(response_id, model, question, text, limit=limit))

    async def _chat(self, body: JsonObject, model: str) -> Response:
        question = chat_question(body)
        text = await _answer(question)
        response_id = self._state.next_id("chatcmpl")
        limit = _limit(body, "max_completion_tokens") or _limit(body, "max_tokens")
        if body.get("stream") is True:
            with_usage = as_object(body.get("stream_options")).get("include_usage") is True
            events = chat_events(response_id, model, question, text, limit=limit, with_usage=with_usage)
            return StreamingResponse(events, media_type="text/event-stream")
        return JSONResponse(chat_object(response_id, model, question, text, limit=limit))

    async def _embeddings(self, body: JsonObject, model: str) -> Response:
        given = body.get("input")
        texts = [given] if isinstance(given, str) else as_texts(given)
        if not texts or "" in texts or len(texts) > _MOST_TEXTS:
            raise OpenAIError(400, "'$.input' is invalid.", param="input")
        if any(tokens_in(text) > _MOST_TOKENS for text in texts):
            raise OpenAIError(400, f"This model's maximum context length is {_MOST_TOKENS} tokens.")
        largest = _DIMENSIONS.get(model, 1536)
        dimensions = as_int(body.get("dimensions"), largest)
        if not 1 <= dimensions <= largest:
            raise OpenAIError(400, f"'dimensions' must be between 1 and {largest}.", param="dimensions")
        as_floats = as_text(body.get("encoding_format"), "float") == "float"
        vectors = await run_in_threadpool(lambda: [embed(text, dimensions) for text in texts])
        count = sum(tokens_in(text) for text in texts)
        data = [
            {"object": "embedding", "index": number, "embedding": vector if as_floats else _packed(vector)}
            for number, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": count, "total_tokens": count}
        return JSONResponse({"object": "list", "data": data, "model": model, "usage": usage})

    async def _models(self, request: Request) -> Response:
        try:
            self._check_key(request)
        except OpenAIError as error:
            return error_answer(error)
        cards = [
            {"id": m, "object": "model", "created": 1_790_000_000, "owned_by": "openai"}
            for m in self._state.models
        ]
        wanted = request.path_params.get("model")
        if wanted is None:
            return JSONResponse({"object": "list", "data": cards})
        card = next((card for card in cards if card["id"] == wanted), None)
        if card is None:
            return error_answer(
                OpenAIError(404, f"The model '{wanted}' does not exist", code="model_not_found")
            )
        return JSONResponse(card)


async def _answer(question: Question) -> str:
    """Computed beside the event loop, so that a long scan does not stop the other vendors."""
    return await run_in_threadpool(answer, question)


def _limit(body: JsonObject, name: str) -> int | None:
    return as_int(body[name]) if isinstance(body.get(name), int) else None


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


async def _no_such_path(request: Request) -> Response:
    return error_answer(OpenAIError(404, f"Invalid URL ({request.method} {request.url.path})"))

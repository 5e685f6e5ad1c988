"""The Gemini Developer API: content, streams, embeddings, models; /v1 and /v1beta."""

import json
from collections.abc import Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sandbox.gemini.errors import GeminiError, error_answer
from sandbox.gemini.reading import camel, question_of, texts_of
from sandbox.gemini.state import GeminiState
from sandbox.model.answering import Question, answer, tokens_in
from sandbox.model.embedding import embed
from sandbox.model.schema import UnusableSchema
from sandbox.wire import JsonObject, NotJson, as_int, as_object, as_objects, as_text, json_object

_DIMENSIONS = 3072
_PIECE = 40


class Gemini:
    """Gemini as a vendor of the sandbox."""

    name = "gemini"

    def __init__(self) -> None:
        self._state = GeminiState()

    def routes(self) -> list[BaseRoute]:
        """Both versions of the interface."""
        return [
            Route("/{version}/models/{call:path}", self._call, methods=["POST"]),
            Route("/{version}/models", self._models, methods=["GET"]),
            Route("/{version}/models/{model}", self._models, methods=["GET"]),
            Route("/{rest:path}", _no_such_path),
        ]

    def reset(self) -> None:
        """Every key good again."""
        self._state = GeminiState()

    def seed(self, data: JsonObject) -> None:
        """See GeminiState.seed."""
        self._state.seed(data)

    def snapshot(self) -> JsonObject:
        """Which keys are refused."""
        return {"revoked_keys": sorted(self._state.revoked_keys), "models": list(self._state.models)}

    def failure(self, status: int, retry_after: float | None) -> Response:
        """A failure in Gemini's form."""
        return error_answer(GeminiError(status, "The request could not be served."), retry_after)

    def dump(self) -> JsonObject:
        """Nothing outlives a restart."""
        return {}

    def load(self, data: JsonObject) -> None:
        """Nothing outlives a restart."""

    async def _call(self, request: Request) -> Response:
        try:
            self._check(request)
            model, _, method = str(request.path_params["call"]).rpartition(":")
            if model in self._state.missing_models or not model:
                raise GeminiError(
                    404, f"models/{model} is not found for API version {request.path_params['version']}."
                )
            body = as_object(camel(json_object(await request.body())))
            return await self._do(model, method, body, request)
        except GeminiError as error:
            return error_answer(error)
        except (NotJson, UnusableSchema) as error:
            return error_answer(GeminiError(400, str(error)))

    def _check(self, request: Request) -> None:
        if request.path_params["version"] not in ("v1", "v1beta"):
            raise GeminiError(404, "Unknown version of the interface.")
        key = request.headers.get("x-goog-api-key") or request.query_params.get("key", "")
        if not key:
            raise GeminiError(403, "Method doesn't allow unregistered callers. Please use an API key.")
        if key in self._state.revoked_keys:
            raise GeminiError(
                400, "API key not valid. Please pass a valid API key.", reason="API_KEY_INVALID"
            )

    async def _do(self, model: str, method: str, body: JsonObject, request: Request) -> Response:
        match method:
            case "generateContent":
                question = question_of(body)
                return JSONResponse(
                    self._whole(model, question, await run_in_threadpool(answer, question), body)
                )
            case "streamGenerateContent":
                question = question_of(body)
                chunks = self._chunks(model, question, await run_in_threadpool(answer, question))
                if request.query_params.get("alt") == "sse":
                    events = (
                        f"data: {json.dumps(chunk, ensure_ascii=False)}\r\n\r\n".encode() for chunk in chunks
                    )
                    return StreamingResponse(events, media_type="text/event-stream")
                return JSONResponse(list(chunks))
            case "embedContent":
                return JSONResponse({"embedding": await _vector(body)})
            case "batchEmbedContents":
                return JSONResponse(
                    {"embeddings": [await _vector(one) for one in as_objects(body.get("requests"))]}
                )
            case "countTokens":
                return JSONResponse({"totalTokens": _asked(question_of(body))})
            case _:
                raise GeminiError(404, f"models/{model} does not support {method}.")

    def _whole(self, model: str, question: Question, text: str, body: JsonObject) -> JsonObject:
        limit = as_int(as_object(body.get("generationConfig")).get("maxOutputTokens"))
        cut_short = limit > 0 and tokens_in(text) > limit
        shown = text[: limit * 4] if cut_short else text
        finish = "MAX_TOKENS" if cut_short else "STOP"
        return _chunk(model, self._state.next_id(), shown, finish, _usage(question, shown))

    def _chunks(self, model: str, question: Question, text: str) -> Iterator[JsonObject]:
        response_id = self._state.next_id()
        pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)] or [""]
        for number, piece in enumerate(pieces, start=1):
            last = number == len(pieces)
            said = "".join(pieces[:number])
            yield _chunk(model, response_id, piece, "STOP" if last else None, _usage(question, said))

    async def _models(self, request: Request) -> Response:
        try:
            self._check(request)
        except GeminiError as error:
            return error_answer(error)
        cards = [{"name": f"models/{m}", "displayName": m, "version": "001"} for m in self._state.models]
        wanted = request.path_params.get("model")
        if wanted is None:
            return JSONResponse({"models": cards})
        card = next((card for card in cards if card["name"] == f"models/{wanted}"), None)
        return (
            JSONResponse(card) if card else error_answer(GeminiError(404, f"models/{wanted} is not found."))
        )


def _chunk(model: str, response_id: str, text: str, finish: str | None, usage: JsonObject) -> JsonObject:
    candidate: JsonObject = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
    if finish is not None:
        candidate["finishReason"] = finish
    return {
        "candidates": [candidate],
        "usageMetadata": usage,
        "modelVersion": model,
        "responseId": response_id,
    }


def _usage(question: Question, text: str) -> JsonObject:
    asked, said = _asked(question), tokens_in(text)
    return {
        "promptTokenCount": asked,
        "candidatesTokenCount": said,
        "thoughtsTokenCount": 0,
        "totalTokenCount": asked + said,
    }


def _asked(question: Question) -> int:
    return tokens_in(question.instructions) + tokens_in(question.text)


async def _vector(request: JsonObject) -> JsonObject:
    config = as_object(request.get("embedContentConfig"))
    dimensions = as_int(
        request.get("outputDimensionality"), as_int(config.get("outputDimensionality"), _DIMENSIONS)
    )
    if not 1 <= dimensions <= _DIMENSIONS:
        raise GeminiError(400, f"outputDimensionality must be between 1 and {_DIMENSIONS}.")
    text = "\n".join(texts_of(request.get("content")))
    if not text:
        raise GeminiError(400, "content is empty.")
    return {"values": await run_in_threadpool(embed, text, dimensions)}


async def _no_such_path(request: Request) -> Response:
    return error_answer(GeminiError(404, f"There is nothing at {as_text(request.url.path)}."))

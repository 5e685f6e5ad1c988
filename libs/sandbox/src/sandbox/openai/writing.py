"""Writing OpenAI's answers: whole, and as server-sent events in the documented order."""

import json
import time
from collections.abc import Iterator

from sandbox.model.answering import Question, tokens_in
from sandbox.wire import JsonObject

_PIECE = 24


def response_object(
    response_id: str, model: str, question: Question, text: str, *, limit: int | None
) -> JsonObject:
    """A finished (or cut short) response."""
    shown, cut_short = _limited(text, limit)
    body = _response(
        response_id,
        model,
        "incomplete" if cut_short else "completed",
        [_message(response_id, shown, cut_short)],
    )
    body["usage"] = _usage(question, shown)
    body["incomplete_details"] = {"reason": "max_output_tokens"} if cut_short else None
    return body


def response_events(
    response_id: str, model: str, question: Question, text: str, *, limit: int | None
) -> Iterator[bytes]:
    """The response piece by piece."""
    shown, cut_short = _limited(text, limit)
    item_id = _item_id(response_id)
    where: JsonObject = {"item_id": item_id, "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    empty = {"type": "message", "id": item_id, "role": "assistant", "status": "in_progress", "content": []}
    started = _response(response_id, model, "in_progress", [])
    final = response_object(response_id, model, question, text, limit=limit)
    events: list[tuple[str, JsonObject]] = [
        ("response.created", {"response": started}),
        ("response.in_progress", {"response": started}),
        ("response.output_item.added", {"output_index": 0, "item": empty}),
        ("response.content_part.added", {**where, "part": part}),
        *(
            ("response.output_text.delta", {**where, "delta": piece, "logprobs": []})
            for piece in pieces(shown)
        ),
        ("response.output_text.done", {**where, "text": shown, "logprobs": []}),
        ("response.content_part.done", {**where, "part": {**part, "text": shown}}),
        ("response.output_item.done", {"output_index": 0, "item": _message(response_id, shown, cut_short)}),
        ("response.incomplete" if cut_short else "response.completed", {"response": final}),
    ]
    for number, (kind, body) in enumerate(events):
        data = json.dumps({"type": kind, "sequence_number": number, **body}, ensure_ascii=False)
        yield f"event: {kind}\ndata: {data}\n\n".encode()


def chat_object(
    response_id: str, model: str, question: Question, text: str, *, limit: int | None
) -> JsonObject:
    """A finished chat completion."""
    shown, cut_short = _limited(text, limit)
    message = {"role": "assistant", "content": shown, "refusal": None}
    return {
        "id": response_id,
        "object": "chat.completion",
        "created": int(time.time()),
        "model": model,
        "choices": [{"index": 0, "finish_reason": "length" if cut_short else "stop", "message": message}],
        "usage": _chat_usage(question, shown),
    }


def chat_events(
    response_id: str, model: str, question: Question, text: str, *, limit: int | None, with_usage: bool
) -> Iterator[bytes]:
    """The chat completion piece by piece, [DONE] at the end."""
    shown, cut_short = _limited(text, limit)
    head: JsonObject = {
        "id": response_id,
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": model,
    }
    deltas = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in pieces(shown)), {}]
    for number, delta in enumerate(deltas, start=1):
        reason = ("length" if cut_short else "stop") if number == len(deltas) else None
        yield _data({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]})
    if with_usage:
        yield _data({**head, "choices": [], "usage": _chat_usage(question, shown)})
    yield b"data: [DONE]\n\n"


def pieces(text: str) -> list[str]:
    """The text in the pieces in which it is streamed."""
    return [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]


def _response(response_id: str, model: str, status: str, output: list[JsonObject]) -> JsonObject:
    return {
        "id": response_id,
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": None,
        "metadata": {},
    }


def _message(response_id: str, text: str, cut_short: bool) -> JsonObject:
    return {
        "type": "message",
        "id": _item_id(response_id),
        "role": "assistant",
        "status": "incomplete" if cut_short else "completed",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }


def _item_id(response_id: str) -> str:
    return f"msg_{response_id.removeprefix('resp_')}"


def _limited(text: str, limit: int | None) -> tuple[str, bool]:
    if limit is None or tokens_in(text) <= limit:
        return text, False
    return text[: limit * 4], True


def _usage(question: Question, text: str) -> JsonObject:
    asked, said = _asked(question), tokens_in(text)
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": asked + said,
    }


def _chat_usage(question: Question, text: str) -> JsonObject:
    asked, said = _asked(question), tokens_in(text)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _asked(question: Question) -> int:
    return tokens_in(question.instructions) + tokens_in(question.text)


def _data(body: JsonObject) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()

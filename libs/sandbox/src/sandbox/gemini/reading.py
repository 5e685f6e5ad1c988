"""Reading what Gemini's clients send, in either spelling of its keys."""

import re

from sandbox.gemini.errors import GeminiError
from sandbox.model.answering import Question
from sandbox.wire import JsonObject, as_object, as_objects, as_text

_AS_GIVEN = frozenset(["responseJsonSchema", "responseSchema", "parametersJsonSchema", "parameters", "args"])
_SNAKE = re.compile(r"_([a-z])")


def camel(value: object) -> object:
    """The same value with camelCase keys; schemas and arguments stay as they are."""
    if isinstance(value, list):
        return [camel(element) for element in value]
    if not isinstance(value, dict):
        return value
    done: JsonObject = {}
    for name, inner in as_object(value).items():
        spelled = _SNAKE.sub(lambda found: found.group(1).upper(), name)
        done[spelled] = inner if spelled in _AS_GIVEN else camel(inner)
    return done


def question_of(body: JsonObject) -> Question:
    """The question in a request for content."""
    contents = as_objects(body.get("contents"))
    if not contents:
        raise GeminiError(400, "* GenerateContentRequest.contents: contents is not specified")
    spoken = [text for content in contents if content.get("role") != "model" for text in texts_of(content)]
    config = as_object(body.get("generationConfig"))
    schema = config.get("responseJsonSchema") or config.get("responseSchema")
    if schema and as_text(config.get("responseMimeType")) != "application/json":
        raise GeminiError(400, "responseSchema needs responseMimeType application/json.")
    instructions = "\n".join(texts_of(body.get("systemInstruction")))
    return Question(instructions, "\n".join(spoken), as_object(schema) if schema else None)


def texts_of(content: object) -> list[str]:
    """The text parts of one content."""
    return [as_text(part["text"]) for part in as_objects(as_object(content).get("parts")) if "text" in part]

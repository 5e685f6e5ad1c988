"""Reading what OpenAI's clients send: input items, messages, schemas."""

from sandbox.model.answering import Question
from sandbox.openai.errors import OpenAIError
from sandbox.wire import JsonObject, as_object, as_objects, as_text

_INSTRUCTING_ROLES = ("system", "developer")


def responses_question(body: JsonObject) -> Question:
    """The question in a request to /responses."""
    form = as_object(as_object(body.get("text")).get("format"))
    schema = as_object(form.get("schema")) if form.get("type") == "json_schema" else None
    if schema is not None:
        _check_strict(schema, form, "text.format.schema")
    given = body.get("input")
    if isinstance(given, str):
        return Question(as_text(body.get("instructions")), given, schema)
    if not isinstance(given, list):
        raise OpenAIError(
            400, "Missing required parameter: 'input'.", code="missing_required_parameter", param="input"
        )
    instructions, text = _split(as_objects(body.get("input")))
    return Question(f"{as_text(body.get('instructions'))}\n{instructions}", text, schema)


def chat_question(body: JsonObject) -> Question:
    """The question in a request to /chat/completions."""
    messages = as_objects(body.get("messages"))
    if not messages:
        raise OpenAIError(
            400,
            "Missing required parameter: 'messages'.",
            code="missing_required_parameter",
            param="messages",
        )
    form = as_object(body.get("response_format"))
    named = as_object(form.get("json_schema"))
    schema = as_object(named.get("schema")) if form.get("type") == "json_schema" else None
    if schema is not None:
        _check_strict(schema, named, "response_format")
    instructions, text = _split(messages)
    return Question(instructions, text, schema)


def _split(messages: list[JsonObject]) -> tuple[str, str]:
    instructions = [_content(m) for m in messages if m.get("role") in _INSTRUCTING_ROLES]
    spoken = [_content(m) for m in messages if m.get("role") not in (*_INSTRUCTING_ROLES, "assistant")]
    return "\n".join(instructions), "\n".join(spoken)


def _content(message: JsonObject) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    return "\n".join(as_text(part.get("text")) for part in as_objects(content))


def _check_strict(schema: JsonObject, form: JsonObject, param: str) -> None:
    """Strict schemas must forbid other properties and require all of their own, as OpenAI demands."""
    if not as_text(form.get("name")):
        raise OpenAIError(400, "Missing required parameter: name of the schema.", param=param)
    if form.get("strict") is True:
        _check_object(schema, as_text(form.get("name")), param)


def _check_object(schema: JsonObject, name: str, param: str) -> None:
    if schema.get("type") == "object" or "properties" in schema:
        properties = as_object(schema.get("properties"))
        required = schema.get("required")
        lacking = sorted(set(properties) - set(required if isinstance(required, list) else []))  # pyright: ignore[reportUnknownArgumentType] - JSON
        if schema.get("additionalProperties") is not False or lacking:
            reason = (
                f"'required' lacks {lacking}" if lacking else "'additionalProperties' is required to be false"
            )
            message = f"Invalid schema for response_format '{name}': {reason}."
            raise OpenAIError(400, message, code="invalid_json_schema", param=param)
    inner = [*as_object(schema.get("properties")).values(), *as_object(schema.get("$defs")).values()]
    for part in filter(None, map(as_object, [*inner, schema.get("items"), *as_objects(schema.get("anyOf"))])):
        _check_object(part, name, param)

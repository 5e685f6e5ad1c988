"""What the model answers: text for a question, JSON for a question with a schema."""

import json
from dataclasses import dataclass

from sandbox.model.documents import analyse_document
from sandbox.model.generic import fill
from sandbox.model.prompt import Prompt
from sandbox.model.reply import plain_reply, propose_reply
from sandbox.model.schema import UnusableSchema, misfits, plain
from sandbox.wire import JsonObject, as_object

_REPLY_PROPERTIES = frozenset(["language", "intent", "reply", "facts_used"])
_ANALYSIS_PROPERTIES = frozenset(["category", "summary", "fields"])


@dataclass(frozen=True)
class Question:
    """What a client asks the model, whichever vendor it asks."""

    instructions: str
    text: str
    schema: JsonObject | None = None


def answer(question: Question) -> str:
    """The answer, the same for the same question; JSON that fits the schema when there is one."""
    prompt = Prompt.read(question.text)
    if question.schema is None:
        return plain_reply(prompt)
    schema = plain(question.schema)
    properties = frozenset(as_object(schema.get("properties")))
    known: JsonObject = {}
    if properties >= _REPLY_PROPERTIES:
        known = propose_reply(prompt)
    elif properties >= _ANALYSIS_PROPERTIES:
        known = analyse_document(prompt)
    value = fill(schema, prompt, known)
    flaws = misfits(value, schema)
    if flaws:
        raise UnusableSchema(f"No answer fits the schema: {'; '.join(flaws[:3])}")
    return json.dumps(value, ensure_ascii=False)


def tokens_in(text: str) -> int:
    """A plausible count: four characters a token."""
    return max(1, len(text) // 4) if text else 0

"""`frontdesk scaffold event`: a new message with its examples."""

from __future__ import annotations

import json
import re
from pathlib import Path

from contracts.catalogue import messages
from frontdesk.scaffold.plan import CannotScaffold, Plan

_MODULE = '''"""{title}, version 1."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from contracts.envelope import {kind}
'''
_CLASS = '''

class {name}({kind}):
    """{says}"""

    aggregate: ClassVar[str] = "{about}"

    {about}: str = Field(description="{about_words}")
'''
_NEXT = (
    "add its fields, each with a description, and write the two examples by hand",
    "make generate     (schema, catalogue)",
    "construct it where it happens, hear it with @router.on(…); the catalogue finds both",
    "when it is settled, add its routing key to contracts/released.txt: then it is frozen",
)


def new_event(root: Path, name: str, *, noun: str, about: str, says: str, command: bool = False) -> Plan:
    """A message class in `contracts/src/contracts/<noun>/v1.py` and its two examples.

    Raises `CannotScaffold` when the name is not two words or taken, or the field it is about does not end in `_id`.
    """
    words = re.findall(r"[A-Z][a-z0-9]*", name)
    if len(words) < 2 or "".join(words) != name:
        raise CannotScaffold(
            f"{name!r} is not a noun and a participle (ViewingBooked), nor a verb and a noun (BookViewing)"
        )
    if any(message.__name__ == name for message in messages().values()):
        raise CannotScaffold(f"there is already a message {name}; a new form of it goes into v2.py")
    if not re.fullmatch(r"[a-z]+(_[a-z]+)*_id", about) or not re.fullmatch(r"[a-z]+(_[a-z]+)*", noun):
        raise CannotScaffold("--about names a field such as viewing_id, --noun a module such as viewings")
    kind = "Command" if command else "Event"
    key = _routing_key(words, command=command)
    examples = {
        f"contracts/examples/{noun}/{key}/{size}.json": json.dumps({about: identifier}, indent=2) + "\n"
        for size, identifier in (("minimal", "01939f2e-6a41-7c35-9b1e-0f4a5d2c8e71"), ("full", "01939f41-0c88-7d10-8a52-6be1f3907d24"))
    }  # fmt: skip
    words_for_about = f"The {about.removesuffix('_id').replace('_', ' ')}."
    text = _CLASS.format(name=name, kind=kind, says=says, about=about, about_words=words_for_about)
    folder = f"contracts/src/contracts/{noun}"
    module = root / folder / "v1.py"
    if module.exists():
        return Plan(examples, {f"{folder}/v1.py": _with_import(module.read_text(), kind) + text}, _NEXT)
    title = noun.capitalize().replace("_", " ")
    package = {
        f"{folder}/__init__.py": f'"""{title}."""\n',
        f"{folder}/v1.py": _MODULE.format(title=title, kind=kind) + text,
    }
    return Plan({**package, **examples}, {}, _NEXT)


def _routing_key(words: list[str], *, command: bool) -> str:
    lower = [word.lower() for word in words]
    first, rest = lower[0], "_".join(lower[1:])
    return f"{rest}.{first}.v1" if command else f"{first}.{rest}.v1"


def _with_import(text: str, kind: str) -> str:
    """The module's text, with `Event` or `Command` among what it imports from the envelope."""

    def add(found: re.Match[str]) -> str:
        names = {*found.group(1).replace(" ", "").split(","), kind}
        return f"from contracts.envelope import {', '.join(sorted(names))}"

    return re.sub(r"from contracts\.envelope import ([A-Za-z, ]+)", add, text)

"""JSON schemas as models get them: references resolved, both vendors' spellings, answers checked."""

import operator
import re
from collections.abc import Callable, Mapping

from sandbox.wire import JsonObject, as_list, as_object, as_objects, as_texts

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}


class UnusableSchema(ValueError):
    """The schema sent cannot be followed."""


def plain(schema: JsonObject) -> JsonObject:
    """The schema with `$ref` replaced, Gemini's upper-case types lowered and `nullable` spelled out."""
    return _plain(schema, as_object(schema.get("$defs")) | as_object(schema.get("definitions")), 0)


def _plain(schema: JsonObject, definitions: Mapping[str, object], depth: int) -> JsonObject:
    if depth > 40:
        raise UnusableSchema("The schema refers to itself without end.")
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rsplit("/", 1)[-1]
        if name not in definitions:
            raise UnusableSchema(f"The schema refers to {reference}, which it does not define.")
        schema = as_object(definitions[name]) | {k: v for k, v in schema.items() if k != "$ref"}
    done = {name: value for name, value in schema.items() if name not in ("$defs", "definitions")}
    if isinstance(done.get("type"), str):
        done["type"] = str(done["type"]).lower()
    if "any_of" in done:
        done["anyOf"] = done.pop("any_of")
    for name in ("items", "additionalProperties"):
        if isinstance(done.get(name), dict):
            done[name] = _plain(as_object(done[name]), definitions, depth + 1)
    if isinstance(done.get("properties"), dict):
        properties = as_object(done["properties"])
        done["properties"] = {n: _plain(as_object(p), definitions, depth + 1) for n, p in properties.items()}
    for name in ("anyOf", "allOf", "oneOf"):
        if name in done:
            done[name] = [_plain(option, definitions, depth + 1) for option in as_objects(done[name])]
    if done.pop("nullable", False) is True and "type" in done:
        return {"anyOf": [done, {"type": "null"}]}
    return done


def misfits(value: object, schema: JsonObject, where: str = "$") -> list[str]:
    """What in the value does not fit the (plain) schema; empty when it fits."""
    options = as_objects(schema.get("anyOf")) or as_objects(schema.get("oneOf"))
    if options:
        return [] if any(not misfits(value, o, where) for o in options) else [f"{where} fits no alternative"]
    found = [flaw for part in as_objects(schema.get("allOf")) for flaw in misfits(value, part, where)]
    found += _wrong_type(value, schema, where)
    if found:
        return found
    if "enum" in schema and value not in as_list(schema["enum"]):
        return [f"{where} is {value!r}, which is not one of the values allowed"]
    if "const" in schema and value != schema["const"]:
        return [f"{where} must be {schema['const']!r}"]
    if isinstance(value, dict):
        return _object_misfits(as_object(value), schema, where)
    if isinstance(value, list):
        return _list_misfits(as_list(value), schema, where)
    if isinstance(value, str):
        return _text_misfits(value, schema, where)
    return _number_misfits(value, schema, where)


def _wrong_type(value: object, schema: JsonObject, where: str) -> list[str]:
    kinds = (
        as_texts(schema["type"]) if isinstance(schema.get("type"), list) else [str(schema.get("type", ""))]
    )
    known = [kind for kind in kinds if kind in _TYPES]
    if not known or any(_is(value, kind) for kind in known):
        return []
    return [f"{where} is not of type {' or '.join(known)}"]


def _is(value: object, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _object_misfits(value: JsonObject, schema: JsonObject, where: str) -> list[str]:
    properties = as_object(schema.get("properties"))
    found = [f"{where}.{name} is missing" for name in as_texts(schema.get("required")) if name not in value]
    if schema.get("additionalProperties") is False:
        found += [f"{where}.{name} is not in the schema" for name in value if name not in properties]
    for name, inner in value.items():
        if name in properties:
            found += misfits(inner, as_object(properties[name]), f"{where}.{name}")
    return found


def _list_misfits(value: list[object], schema: JsonObject, where: str) -> list[str]:
    found: list[str] = []
    least, most = (
        schema.get("minItems", schema.get("min_items")),
        schema.get("maxItems", schema.get("max_items")),
    )
    if least is not None and len(value) < int(str(least)):
        found.append(f"{where} has too few elements")
    if most is not None and len(value) > int(str(most)):
        found.append(f"{where} has too many elements")
    if isinstance(schema.get("items"), dict):
        items = as_object(schema["items"])
        for number, inner in enumerate(value):
            found += misfits(inner, items, f"{where}[{number}]")
    return found


def _text_misfits(value: str, schema: JsonObject, where: str) -> list[str]:
    found: list[str] = []
    if "minLength" in schema and len(value) < int(str(schema["minLength"])):
        found.append(f"{where} is too short")
    if "maxLength" in schema and len(value) > int(str(schema["maxLength"])):
        found.append(f"{where} is too long")
    if isinstance(schema.get("pattern"), str) and not re.search(str(schema["pattern"]), value):
        found.append(f"{where} does not match the pattern {schema['pattern']}")
    return found


def _number_misfits(value: object, schema: JsonObject, where: str) -> list[str]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return []
    bounds: dict[str, Callable[[float, float], bool]] = {
        "minimum": operator.ge,
        "maximum": operator.le,
        "exclusiveMinimum": operator.gt,
        "exclusiveMaximum": operator.lt,
    }
    return [
        f"{where} breaks {name} {schema[name]}"
        for name, holds in bounds.items()
        if name in schema and not holds(value, float(str(schema[name])))
    ]

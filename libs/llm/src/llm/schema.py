"""A pydantic class as the plain, strict JSON schema that both vendors take, and their answer read back by it."""

from typing import TypeVar, cast

from pydantic import BaseModel, ValidationError

from vendorkit import VendorContractBroken

T = TypeVar("T", bound=BaseModel)

Schema = dict[str, object]


def strict_schema(model: type[BaseModel]) -> Schema:
    """Every field required, nothing else allowed, definitions written out where they are used."""
    schema = cast(Schema, model.model_json_schema())
    definitions = cast(dict[str, Schema], schema.pop("$defs", {}))
    return _strict(schema, definitions, ())


def read(text: str, model: type[T], *, vendor: str) -> T:
    """The vendor's answer as `model`."""
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        # Places and kinds of the faults only: the values are the model's words about a person.
        faults = "; ".join(
            f"{'.'.join(str(step) for step in fault['loc']) or 'answer'}: {fault['type']}"
            for fault in error.errors(include_input=False, include_url=False, include_context=False)[:3]
        )
        raise VendorContractBroken(
            f"{vendor} did not keep to the schema {model.__name__} ({faults}); look at the prompt or the model.",
            vendor=vendor,
        ) from None


def _strict(schema: Schema, definitions: dict[str, Schema], inside: tuple[str, ...]) -> Schema:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.removeprefix("#/$defs/")
        if name in inside:
            raise ValueError(f"The schema {name} contains itself; models take only schemas of finite depth.")
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _strict({**definitions[name], **beside}, definitions, (*inside, name))
    strict: Schema = {}
    for key, value in schema.items():
        if key in ("default", "title"):
            continue
        if key == "properties":
            fields = cast(dict[str, Schema], value)
            strict[key] = {name: _strict(field, definitions, inside) for name, field in fields.items()}
        elif isinstance(value, dict):
            strict[key] = _strict(cast(Schema, value), definitions, inside)
        elif isinstance(value, list):
            strict[key] = [
                _strict(cast(Schema, item), definitions, inside) if isinstance(item, dict) else item
                for item in cast(list[object], value)
            ]
        else:
            strict[key] = value
    if strict.get("type") == "object":
        strict["required"] = list(cast(Schema, strict.get("properties", {})))
        strict["additionalProperties"] = False
    return strict

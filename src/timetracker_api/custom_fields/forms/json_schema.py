"""The custom fields of an entity type as JSON Schema, draft 2020-12.

A schema is about values as forms send them: text without white space around it, and null for no
value. Of such values it accepts exactly those that the server does. Where JSON Schema has no words
for a rule, `left_to_server` names the code that the server refuses with.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.forms.faces import FACES, expression_of
from timetracker_api.custom_fields.forms.harmless import harmless_definition
from timetracker_api.custom_fields.kinds import unbounded
from timetracker_api.custom_fields.kinds.numbers import scale_of
from timetracker_api.custom_fields.registry import Fields
from timetracker_api.custom_fields.values import Validator, ValueFault, is_empty

Node = dict[str, Any]
Purpose = Literal["create", "update", "read"]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VENDOR = "x-timetracker"
BOUNDS = ("minimum", "maximum")

TITLES: Mapping[Purpose, str] = {
    "create": "Custom fields of a new {}",
    "update": "Changes to custom fields of a {}",
    "read": "Custom fields of a {}",
}


def json_schema(
    fields: Fields, entity_type: str, purpose: Purpose, *, copied: bool = False
) -> Node:
    """Return the schema of `custom_fields`, as the caller knows them.

    ``copied`` is for documents that are made into source code: what people wrote is made harmless.
    """
    title = TITLES[purpose].format(entity_type.replace("_", " "))
    schema: Node = {"title": title, "type": "object", "properties": {}}
    for key, validator in fields.active.items():
        is_read_only = key in fields.read_only
        schema["properties"][key] = _property(
            validator, purpose, copied=copied, is_read_only=is_read_only
        )
    if purpose == "create":
        needed = fields.required - fields.defaults.keys()
        schema["required"] = [key for key in fields.active if key in needed]
    # Values without a definition, which an older system left behind, are shown as well.
    schema["additionalProperties"] = purpose == "read"
    return schema


def _property(validator: Validator, purpose: Purpose, *, copied: bool, is_read_only: bool) -> Node:
    definition = validator.definition
    shown = harmless_definition(definition) if copied else definition
    node = _value(shown, purpose, is_read_only=is_read_only)
    node["title"] = shown.label
    if shown.description:
        node["description"] = shown.description
    if is_read_only:
        node["readOnly"] = True
    elif purpose == "create" and shown.default is not None:
        node["default"] = shown.default
    if (example := sample(validator, shown)) is not None:
        node["examples"] = [example]
    if is_read_only:
        beyond = {"read_only"} if purpose == "update" else set[str]()
    else:
        beyond = set(_beyond(definition, shown, purpose))
    node[VENDOR] = _vendor(validator, shown) | (
        {"left_to_server": sorted(beyond)} if purpose != "read" else {}
    )
    return node


def _value(shown: Definition, purpose: Purpose, *, is_read_only: bool) -> Node:
    """Say what a value may be."""
    face = FACES[shown.kind]
    # A form that changes a record shows the choice it has, also one that is no longer offered.
    choices = [each for each in shown.choices if each["is_active"] or purpose != "create"]
    rules = replace(
        unbounded(shown) if purpose == "read" or is_read_only else shown,
        choices=choices,
        is_mandatory=purpose == "read" or (shown.is_mandatory and not is_read_only),
    )
    type = face.type if rules.is_mandatory else [face.type, "null"]
    nothing_to_give = is_read_only or (shown.choices and not choices)
    if purpose == "create" and nothing_to_give:
        return {"type": type, "not": {"type": face.type}}
    return {"type": type, **face.rules(rules)}


def _beyond(definition: Definition, shown: Definition, purpose: Purpose) -> Iterator[str]:
    """Give the codes of faults that only the server finds."""
    yield from FACES[definition.kind].left_to_server
    if definition.is_unique:
        yield "not_unique"
    if definition.pattern and not expression_of(shown):
        yield "pattern"
    if definition.kind == "decimal":
        yield from (each for each in BOUNDS if getattr(definition, each) is not None)
    if definition.choices and not shown.choices:
        yield "not_a_choice"
    if purpose == "update" and not all(each["is_active"] for each in definition.choices):
        yield "inactive_choice"


def _vendor(validator: Validator, shown: Definition) -> Node:
    """Say what JSON Schema has no words for."""
    kind = validator.kind
    vendor: Node = {
        "id": shown.id,
        "kind": shown.kind,
        "group": shown.group,
        "position": shown.position,
        "widget": FACES[shown.kind].widget,
        "unique": shown.is_unique,
        "operators": list(kind.operators),
        "sortable": kind.form is not None,
    }
    if shown.kind == "decimal":
        bounds = {each: getattr(shown, each) for each in BOUNDS}
        vendor |= {"scale": scale_of(shown.scale), **bounds}
    if colors := {each["value"]: each["color"] for each in shown.choices if each.get("color")}:
        vendor["colors"] = colors
    return vendor


def sample(validator: Validator, shown: Definition) -> Any:
    """Return an acceptable value to show, if one is at hand; the placeholder before all."""
    face = FACES[shown.kind]
    chosen = [each["value"] for each in shown.choices if each["is_active"]][:1]
    choice = chosen if validator.kind.is_list else next(iter(chosen), None)
    read = [_read(validator, shown.placeholder)] if shown.placeholder else []
    for candidate in (*read, shown.default, choice, shown.minimum, face.sample):
        if is_empty(candidate):
            continue
        with suppress(ValueFault):
            return validator.canonical(candidate)
    return None


def _read(validator: Validator, placeholder: str) -> Any:
    with suppress(ValueError, KeyError):
        return validator.kind.reads(placeholder)
    return None

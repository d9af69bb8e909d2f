"""The one engine that checks custom field values, on every way in."""

import json
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import orjson
from pydantic import JsonValue
from pydantic_core import PydanticCustomError
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.custom_fields.kinds.numbers import SAFE_INTEGER
from timetracker_api.custom_fields.models import HasCustomFields
from timetracker_api.custom_fields.references import unknown_users
from timetracker_api.custom_fields.registry import Fields, fields_of
from timetracker_api.custom_fields.uniqueness import claim
from timetracker_api.custom_fields.values import ValueFault, is_empty, required
from timetracker_api.db.base import Entity
from timetracker_api.db.schema_version import fence
from timetracker_api.db.session import context
from timetracker_api.problems import Fault, Invalid, pointer
from timetracker_api.schema import many_lines

MEMBER = "custom_fields"
DEEPEST_LEGACY = 4
"""Levels of nesting in a value that has no definition."""


@entities.check
async def check_custom_fields(
    session: AsyncSession, entity: Entity, values: dict[str, Any]
) -> None:
    """Replace the given values by all values the record will have, or raise `Invalid`."""
    is_new = entity.id is None  # pyright: ignore[reportUnnecessaryComparison] - not flushed yet
    if not isinstance(entity, HasCustomFields):
        return
    if not (is_new or MEMBER in values or entity.may_wait):
        return
    await fence(session)
    fields = await fields_of(session, entity.entity_type)
    stored: Mapping[str, Any] = {} if is_new else entity.custom_fields
    merged, faults = merge(fields, stored, values.get(MEMBER, {}), is_new=is_new)
    if entity.may_wait:
        if is_new and entity.is_in_the_making(values):
            faults = [fault for fault in faults if fault.code != "required"]
        values["complete"] = fields.complete <= merged.keys()
    faults += await _unknown_users(session, fields, stored, merged)
    faults += too_large(stored, merged, context(session).settings.limits.values_bytes)
    # Claimed last: what is refused leaves no claim, so that the rest of many changes can go on.
    if faults := faults or await claim(session, entity.entity_type, fields, stored, merged):
        raise Invalid(*faults)
    values[MEMBER] = merged


async def acceptable(
    session: AsyncSession, kind: type[Entity], values: Mapping[str, Any]
) -> dict[str, Any]:
    """Return those of a record's values that a new record could be given as well."""
    fields = await fields_of(session, kind.entity_type)
    unique = {definition.key for definition in fields.unique}
    kept = {
        key: value
        for key, value in values.items()
        if key not in unique and not merge(fields, {}, {key: value}, is_new=False)[1]
    }
    gone = {fault.pointer for fault in await _unknown_users(session, fields, {}, kept)}
    return {key: value for key, value in kept.items() if pointer(MEMBER, key) not in gone}


def merge(
    fields: Fields, stored: Mapping[str, Any], given: Mapping[str, Any], *, is_new: bool
) -> tuple[dict[str, Any], list[Fault]]:
    """Put what is given over what is stored; return all values, and everything wrong with them.

    Keys that are not given stay as they are, whatever their definition says today.
    """
    merged = dict(stored)
    unknown = [
        key
        for key in given
        if key in fields.hidden or (key not in fields.active and key not in stored)
    ]
    faults = [_fault("undefined_field", message, key) for key, message in fields.undefined(unknown)]
    for key, value in given.items():
        if key in unknown or (key in stored and _is_same(value, stored[key])):
            continue  # unchanged is acceptable, even where the rules have been tightened since
        if key in fields.read_only:
            faults += _read_only(fields, key, value, stored)
        elif key not in fields.active:
            faults += _legacy(merged, key, value)
        elif not is_empty(value):
            try:
                merged[key] = fields.active[key].canonical(value, stored=stored.get(key))
            except ValueFault as error:
                faults += error.faults
        elif fields.active[key].definition.is_mandatory and (is_new or key in stored):
            faults.append(required(fields.active[key].definition))
        else:
            merged.pop(key, None)
    if is_new:
        faults += _fill(fields, merged, given)
    return merged, faults


def _fill(fields: Fields, merged: dict[str, Any], given: Mapping[str, Any]) -> list[Fault]:
    """Give a new record its defaults; what is mandatory and has none is missing."""
    seen = fields.active.keys() - fields.read_only
    merged |= {k: value for k, value in fields.defaults.items() if not (k in given and k in seen)}
    return [
        required(fields.active[key].definition)
        for key in fields.active
        if key in fields.required and key not in given and key not in merged
    ]


def _read_only(fields: Fields, key: str, value: Any, stored: Mapping[str, Any]) -> Iterator[Fault]:
    """A value that others look after may be sent back as it is, and be left out."""
    if key in stored or not is_empty(value):
        validator = fields.active.get(key)
        label = validator.definition.label if validator else key
        yield _fault("read_only", f"{label} is for others to change.", key)


def _legacy(merged: dict[str, Any], key: str, value: Any) -> list[Fault]:
    """Values without an active definition can be changed and removed, but not added."""
    if is_empty(value):
        del merged[key]
    elif not _storable(value):
        return [_fault("type", f"{key} holds characters or nesting that cannot be stored.", key)]
    else:
        merged[key] = value
    return []


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    """Whether two values are the same JSON. To Python, true is 1."""
    return one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _storable(value: JsonValue, depth: int = 0) -> bool:
    """Whether a value without a definition can be kept by both databases."""
    if isinstance(value, str):
        return _is_clean(value)
    if isinstance(value, dict):
        return all(map(_is_clean, value)) and _storable(list(value.values()), depth)
    if isinstance(value, list):
        return depth < DEEPEST_LEGACY and all(_storable(each, depth + 1) for each in value)
    if isinstance(value, float):
        return isfinite(value)
    return value is None or abs(value) <= SAFE_INTEGER


def _is_clean(text: str) -> bool:
    try:
        return many_lines(text) == text
    except PydanticCustomError:
        return False


async def _unknown_users(
    session: AsyncSession, fields: Fields, stored: Mapping[str, Any], merged: Mapping[str, Any]
) -> list[Fault]:
    named = {
        key: merged[key]
        for key, validator in fields.active.items()
        if validator.definition.kind == "user" and key in merged and merged[key] != stored.get(key)
    }
    if not named:
        return []
    unknown = await unknown_users(session, named.values())
    return [
        _fault(
            "reference_not_found",
            f"{fields.active[key].definition.label}: there is no user {id}.",
            key,
        )
        for key, id in named.items()
        if id in unknown
    ]


def too_large(stored: Mapping[str, Any], merged: Mapping[str, Any], limit: int) -> list[Fault]:
    """What was too large before may be edited, but must not grow."""
    size = len(orjson.dumps(merged))
    if size <= limit or size <= len(orjson.dumps(stored)):
        return []
    return [_fault("too_large", f"All values together take more than {limit} bytes.")]


def _fault(code: str, message: str, *key: str) -> Fault:
    return Fault(pointer=pointer(MEMBER, *key), code=code, message=message)

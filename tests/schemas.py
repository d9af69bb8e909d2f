"""A reader of JSON Schema that asserts what our schemas ask it to."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import jsonschema_rs

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.forms.json_schema import DIALECT, Purpose, json_schema
from timetracker_api.custom_fields.registry import Fields, Registry

KEY = "field"


def _bound(is_beyond: Callable[[str, str], bool]) -> Any:
    class Bound:
        """A limit of dates, as Ajv knows it: they sort as they are written."""

        def __init__(self, _parent: Any, bound: Any, _path: Any) -> None:
            self.bound = bound

        def validate(self, instance: Any) -> None:
            if isinstance(instance, str) and is_beyond(instance, self.bound):
                raise ValueError(self.bound)

    return Bound


def _is_instant(text: str) -> bool:
    try:
        datetime.fromisoformat(text.upper())
    except ValueError:
        return False
    return True


def _anything(_: str) -> bool:
    return True


def reader(schema: dict[str, Any]) -> jsonschema_rs.Validator:
    """Return what checks values; a schema that is none itself is refused."""
    jsonschema_rs.meta.validate({"$schema": DIALECT, **schema})
    return jsonschema_rs.Draft202012Validator(
        schema,
        validate_formats=True,
        formats={
            "date-time": _is_instant,  # with a space as well, as RFC 3339 allows
            # What they look like, their patterns say.
            "idn-email": _anything,
            "iri": _anything,
        },
        keywords={
            "formatMinimum": _bound(lambda one, other: one < other),
            "formatMaximum": _bound(lambda one, other: one > other),
        },
    )


def only(definition: Definition, role: str | None = None) -> Fields:
    """Return the fields of clients where this is the only one."""
    return Registry([definition]).fields("client", role)


def schema_of(definition: Definition, purpose: Purpose) -> dict[str, Any]:
    """Return the schema of clients where this is the only field, as it is sent."""
    return json.loads(json.dumps(json_schema(only(definition), "client", purpose)))


def a_definition(**attributes: Any) -> Definition:
    """Return a definition for clients."""
    attributes = {"key": KEY, "label": "Label", "applies_to": ("client",), **attributes}
    offered = attributes.get("choices", ())
    attributes["choices"] = [{"is_active": True, **choice} for choice in offered]
    return Definition(**attributes)

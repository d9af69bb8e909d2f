"""A definition as the engine uses it: read once per schema version, and then only looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What values of one custom field must be like."""

    id: int = 0
    key: str
    label: str
    kind: str
    applies_to: Sequence[str] = ()
    is_mandatory: bool = False
    is_active: bool = True
    default: Any = None
    position: int = 0
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    minimum: Any = None
    maximum: Any = None
    scale: int | None = None
    schemes: Sequence[str] | None = None
    choices: Sequence[Mapping[str, Any]] = ()


ATTRIBUTES = tuple(attribute.name for attribute in fields(Definition))

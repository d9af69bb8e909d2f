"""A definition as the engine uses it: read once per schema version, and then only looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

from timetracker_api.auth.scopes import SCOPES, Role, Scope


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What values of one custom field must be like."""

    id: int = 0
    key: str
    label: str
    description: str | None = None
    placeholder: str | None = None
    group: str | None = None
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
    is_unique: bool = False
    is_indexed: bool = False
    read_roles: Sequence[str] = ()
    write_roles: Sequence[str] = ()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return the definition with these attributes, among which there may be others."""
        return cls(**{name: values[name] for name in ATTRIBUTES if name in values})

    def is_readable(self, role: str | None) -> bool:
        """Whether people with this role see the field."""
        return not self.read_roles or role in self.read_roles or sees_everything(role)

    def is_writable(self, role: str | None) -> bool:
        """Whether they may give it values, on records that they may write."""
        wanted = not self.write_roles or role in self.write_roles or role is None
        return wanted and self.is_readable(role)


def sees_everything(role: str | None) -> bool:
    """Whether no field is hidden from a role: who defines them must know which keys are taken.

    Without a role it is the command line that asks.
    """
    return role is None or Scope.CUSTOM_FIELDS_WRITE in SCOPES[Role(role)]


ATTRIBUTES = tuple(attribute.name for attribute in fields(Definition))

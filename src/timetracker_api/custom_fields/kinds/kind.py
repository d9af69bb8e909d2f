"""What there is to know about a kind of value."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.kinds.numbers import scale_of
from timetracker_api.db.json.comparing import LONGEST_COMPARED, Comparable, Form

SETTLED = ("eq", "ne", "is_set")
CHOSEN = ("eq", "ne", "in", "is_set")
WRITTEN = ("eq", "ne", "in", "contains", "starts_with", "is_set")
ORDERED = ("eq", "ne", "in", "gt", "gte", "lt", "lte", "is_set")
"""The operators that records can be found by; see `custom_fields.finding.operators`."""


@dataclass(frozen=True)
class Kind:
    """How values of a kind are checked, stored and read from text."""

    noun: str
    """What a value must be, in a sentence."""
    accepts: Callable[[Definition], Any]
    """The annotation that Pydantic checks values against."""
    stores: Callable[[Definition, Any], Any] = lambda _, value: value
    """The JSON form of a checked value."""
    reads: Callable[[str], Any] = str
    """The JSON form of a value that was written in a URL; raises ValueError."""
    constraints: frozenset[str] = frozenset()
    """The attributes of a definition that mean something for this kind."""
    form: Form | None = "text"
    """What values are compared and sorted as; None for those that have no order."""
    operators: Sequence[str] = WRITTEN
    """What can be asked of values in filters."""
    can_be_unique: bool = True
    is_list: bool = False

    def comparable(self, column: Any, definition: Definition) -> Comparable:
        """Return the values of a field as an expression that compares and sorts."""
        if self.form is None:
            raise ValueError(f"{definition.kind} has no order")
        return Comparable(column, definition.key, self.form, self._scale(definition))

    def compared(self, value: Any) -> Any:
        """Return a stored value in the form of that expression."""
        if self.form == "decimal":
            return int(value.replace(".", ""))
        return value[:LONGEST_COMPARED] if self.form == "text" else value

    def _scale(self, definition: Definition) -> int:
        return scale_of(definition.scale) if self.form == "decimal" else 0

"""What a violated constraint was about: the database's verdict in the API's words."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Column, Index, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from timetracker_api.db.base import Base

UNIQUE_VIOLATION = "23505"
REFERENCE_VIOLATIONS = {"23001", "23503"}
"""PostgreSQL's codes, the former where a rule says RESTRICT."""


class Violation(NamedTuple):
    """A rule of the database that a statement broke."""

    kind: str
    """``unique``, ``reference`` or ``rule``."""
    fields: Sequence[str]
    """The fields it was about, as the API calls them; empty where the database does not say."""


def violation(error: IntegrityError) -> Violation:
    """Read a driver's error: SQLite's words name the columns.

    PostgreSQL's are in the language of the server, so that its code and its name for the constraint
    are read instead.
    """
    state = getattr(error.orig, "sqlstate", None)
    said = str(error.orig)
    if state == UNIQUE_VIOLATION:
        return Violation("unique", _fields(_columns(_constraint(error))))
    if match := re.search(r"UNIQUE constraint failed: (.+)", said):
        names = [name.split(".") for name in match[1].split(", ")]
        columns = [Base.metadata.tables[table].c[column] for table, column in names]
        return Violation("unique", _fields(columns))
    if state in REFERENCE_VIOLATIONS or said == "FOREIGN KEY constraint failed":
        return Violation("reference", ())
    return Violation("rule", ())


def _constraint(error: IntegrityError) -> str | None:
    """Return which constraint PostgreSQL says it was."""
    return getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)


def _columns(constraint: str | None) -> Sequence[Column[object]]:
    for table in Base.metadata.tables.values():
        for rule in (*table.constraints, *table.indexes):
            if isinstance(rule, UniqueConstraint | Index) and rule.name == constraint:
                return list(rule.columns)
    return ()


def _fields(columns: Sequence[Column[object]]) -> Sequence[str]:
    """A column that holds the folded form of another speaks for that one.

    Where a name is unique per project, the name is what is wrong, not the project. A column marked
    ``refers`` names another record, as a foreign key does.
    """
    own = [c for c in columns if not (c.foreign_keys or c.info.get("refers"))] or columns
    return [column.info.get("field", column.name) for column in own]

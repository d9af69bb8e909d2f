"""What a violated constraint was about: the database's verdict in the API's words."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Column, Index, UniqueConstraint
from sqlalchemy.exc import IntegrityError

from timetracker_api.db.base import Base


class Violation(NamedTuple):
    """A rule of the database that a statement broke."""

    kind: str
    """``unique``, ``reference`` or ``rule``."""
    fields: Sequence[str]
    """The fields it was about, as the API calls them; empty where the database does not say."""


def violation(error: IntegrityError) -> Violation:
    """Read a driver's error. SQLite names the columns, PostgreSQL the constraint."""
    message = str(error.orig)
    if match := re.search(r"UNIQUE constraint failed: (.+)", message):
        names = [name.split(".") for name in match[1].split(", ")]
        columns = [Base.metadata.tables[table].c[column] for table, column in names]
        return Violation("unique", _fields(columns))
    if match := re.search(r'unique constraint "(\w+)"', message):
        return Violation("unique", _fields(_columns(match[1])))
    if "foreign key" in message.lower():
        return Violation("reference", ())
    return Violation("rule", ())


def _columns(constraint: str) -> Sequence[Column[object]]:
    for table in Base.metadata.tables.values():
        for rule in (*table.constraints, *table.indexes):
            if isinstance(rule, UniqueConstraint | Index) and rule.name == constraint:
                return list(rule.columns)
    return ()


def _fields(columns: Sequence[Column[object]]) -> Sequence[str]:
    """A column that holds the folded form of another speaks for that one.

    Where a name is unique per project, the name is what is wrong, not the project.
    """
    own = [column for column in columns if not column.foreign_keys] or columns
    return [column.info.get("field", column.name) for column in own]

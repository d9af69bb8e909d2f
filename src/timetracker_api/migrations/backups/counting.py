"""How much there is: what two databases have to agree on before one is the copy of the other."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    TableClause,
    column,
    exists,
    inspect,
    literal,
    quoted_name,
    select,
    table,
)
from sqlalchemy.sql.functions import count
from sqlalchemy.sql.functions import sum as total

from timetracker_api.migrations.catalog import VERSION_TABLE, relations

COUNTS_CHANGES = {"version"}
"""Columns that a revision may raise where it changes records."""

FILLED_BY_REVISIONS = {"data_migrations", "organization", "schema_version"}


def holds_data(connection: Connection) -> bool:
    """Tell whether anybody has entered something into a database."""
    names = [name for name in relations(connection) if name not in FILLED_BY_REVISIONS]
    return any(
        connection.scalar(select(exists(select(literal(1)).select_from(named(name)))))
        for name in names
    )


def rows(connection: Connection, names: Iterable[str] | None = None) -> dict[str, int]:
    """Return the number of rows of every table, or of those that are named."""
    return {
        name: connection.scalar(select(count()).select_from(named(name))) or 0
        for name in (relations(connection) if names is None else names)
    }


def sums(connection: Connection) -> dict[str, int]:
    """Return the rows of every table, and the sums of what its whole numbers count."""
    inspector = inspect(connection)
    found: dict[str, int] = {}
    for name in inspector.get_table_names():
        if name == VERSION_TABLE:
            continue
        columns = inspector.get_columns(name)
        numbers = [
            each["name"]
            for each in columns
            if isinstance(each["type"], Integer) and each["name"] not in COUNTS_CHANGES
        ]
        asked: list[Any] = [
            total(column(quoted_name(number, True), BigInteger())) for number in numbers
        ]
        values = connection.execute(select(count(), *asked).select_from(named(name))).one()
        found |= {
            f"{name} {what}": int(value or 0)
            for what, value in zip(["rows", *numbers], values, strict=True)
        }
    return found


def named(name: str) -> TableClause:
    """Return a table of that very name."""
    return table(quoted_name(name, True))


def difference(expected: Mapping[str, int], found: Mapping[str, int]) -> str:
    """Return the first thing that two accounts do not agree on; nothing where they do."""
    for key in sorted({*expected, *found}):
        if expected.get(key) != found.get(key):
            return f"{key}: {found.get(key, 'none')}, not {expected.get(key, 'none')}"
    return ""

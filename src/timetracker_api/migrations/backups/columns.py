r"""The tables of a database as a portable backup sees them, and its way of writing values.

A table is written as lines, in the words of PostgreSQL's COPY: tabs between the values, ``\N`` for
NULL. PostgreSQL reads and writes them itself; here they are read and written for SQLite. What a
database keeps is never turned into a number or a document in between, so that nothing is rounded.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Connection, DateTime, LargeBinary, inspect
from sqlalchemy.types import TypeEngine

from timetracker_api.migrations.catalog import VERSION_TABLE, quoted

NULL = r"\N"

_SPECIAL = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Columns:
    """A table, and its columns in their order."""

    table: str
    types: dict[str, TypeEngine[Any]]

    def heading(self) -> bytes:
        """Return the line above the values."""
        return ("\t".join(self.types) + "\n").encode()

    def names(self) -> str:
        """Return the names as a statement lists them."""
        return ", ".join(map(quoted, self.types))

    def for_copy(self) -> str:
        """Return the values as PostgreSQL is to write them: moments as SQLite keeps them."""
        return ", ".join(
            f"to_char({quoted(name)} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
            if isinstance(type_, DateTime)
            else quoted(name)
            for name, type_ in self.types.items()
        )

    def line(self, row: Sequence[Any]) -> str:
        """Write what SQLite keeps in a row."""
        return "\t".join(map(_written, self.types.values(), row)) + "\n"

    def reader(self) -> Callable[[bytes], list[Any]]:
        """Return what reads a line for SQLite, which makes numbers of text where a column wants."""
        readers = [_reader(type_) for type_ in self.types.values()]

        def read(line: bytes) -> list[Any]:
            values = line.decode().rstrip("\n").split("\t")
            return [
                None if value == NULL else from_text(value)
                for from_text, value in zip(readers, values, strict=True)
            ]

        return read


def described(connection: Connection) -> list[Columns]:
    """Return every table, each after those it refers to."""
    inspector = inspect(connection)
    names = [name for name, _ in inspector.get_sorted_table_and_fkc_names() if name]
    return [
        Columns(name, {each["name"]: each["type"] for each in inspector.get_columns(name)})
        for name in names
        if name != VERSION_TABLE
    ]


def _written(type_: TypeEngine[Any], value: Any) -> str:
    if value is None:
        return NULL
    if isinstance(value, bytes):
        return rf"\\x{value.hex()}"
    if isinstance(type_, Boolean):
        return "t" if value else "f"
    return value.translate(_SPECIAL) if isinstance(value, str) else repr(value)


def _reader(type_: TypeEngine[Any]) -> Callable[[str], Any]:
    if isinstance(type_, Boolean):
        return "t".__eq__
    if isinstance(type_, LargeBinary):
        return _bytes
    return _text


def _bytes(value: str) -> bytes:
    return bytes.fromhex(value.removeprefix(r"\\x"))


def _text(value: str) -> str:
    return _ESCAPED.sub(_meaning, value) if "\\" in value else value


def _meaning(match: re.Match[str]) -> str:
    return _MEANT.get(match[1], match[1])

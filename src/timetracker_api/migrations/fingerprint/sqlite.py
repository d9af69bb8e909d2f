"""SQLite keeps the statement that created a thing, changed by every ALTER in its own style.

So the text is taken apart: neither spacing, nor the case and quotes of names tell anything.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, text

from timetracker_api.migrations.catalog import VERSION_TABLE
from timetracker_api.migrations.dialect_only import ON_DEMAND

_OBJECTS = text("""
    SELECT type, name, tbl_name, sql FROM sqlite_master
    WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
""")

_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<literal> '(?:[^']|'')*' )
    | "(?P<quoted>(?:[^"]|"")*)" | `(?P<ticked>[^`]*)` | \[(?P<bracketed>[^\]]*)\]
    | (?P<other> [\w.]+ | [(),;] | [^\w\s.'"`\[(),;]+ )
    """,
    re.VERBOSE | re.DOTALL,
)

_CONSTRAINT = re.compile(
    r"(?:constraint (?P<name>\S+) )?"
    r"(?P<rule>(?P<kind>primary key|foreign key|unique|check)\b.*)"
)

Described = tuple[str, str, str]


def describe_sqlite(connection: Connection) -> Iterator[Described]:
    """Yield kind, name and description of everything."""
    for kind, name, table, sql in connection.execute(_OBJECTS):
        if table == VERSION_TABLE or name.startswith(ON_DEMAND):
            continue
        tokens = list(_tokens(sql))
        if kind == "table":
            yield from _table(name, tokens)
        elif kind == "view":
            yield kind, name, _joined(tokens[tokens.index("as") :])
        else:
            yield kind, f"{name} of {table}", _joined(_but_the_name(tokens, kind))


def _table(name: str, tokens: Sequence[str]) -> Iterator[Described]:
    """Describe the columns and constraints of a table, which the statement lists in parentheses."""
    if "virtual" in tokens[:2]:
        yield "table", name, _joined(tokens[1:])
        return
    first, last = tokens.index("("), len(tokens) - 1 - tokens[::-1].index(")")
    yield "table", name, _joined(tokens[last + 1 :])
    for item in _items(tokens[first + 1 : last]):
        said = _joined(item)
        constraint = _CONSTRAINT.fullmatch(said)
        if not constraint:
            yield "column", f"{name}.{item[0]}", _joined(item[1:])
            continue
        rule, kind = constraint["rule"], constraint["kind"]
        kind = kind if kind.endswith("key") else "constraint"
        yield kind, f"{constraint['name'] or f'({rule})'} of {name}", rule


def _but_the_name(tokens: Sequence[str], kind: str) -> Sequence[str]:
    """Return an index or trigger without what is said elsewhere: ``CREATE``, name and table."""
    if kind == "trigger":
        return tokens[tokens.index(kind) + 2 :]
    unique = ["unique"] if "unique" in tokens[:2] else []
    return [*unique, *tokens[tokens.index("(") :]]


def _tokens(sql: str) -> Iterator[str]:
    for match in _TOKEN.finditer(sql):
        if match["literal"]:
            yield match["literal"]
        elif not match["comment"]:
            yield match[match.lastgroup or 0].lower()


def _items(tokens: Iterable[str]) -> Iterator[Sequence[str]]:
    """Split at the commas that are not within parentheses."""
    item: list[str] = []
    depth = 0
    for each in tokens:
        depth += {"(": 1, ")": -1}.get(each, 0)
        if each == "," and not depth:
            yield item
            item = []
        else:
            item.append(each)
    yield item


def _joined(tokens: Iterable[str]) -> str:
    """Write tokens in one style, which people can read."""
    said = ""
    for each in tokens:
        close = not said or said.endswith("(") or each in {")", ",", ";"}
        said += each if close else f" {each}"
    return said

"""What filters find, against a model of them in Python, on values nobody has thought of."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from httpx import AsyncClient
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, update

from given import Given
from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.db.session import Database

SCALE = 2
CLIENTS = 8
CHOICES = ("a", "B", "é", "a,b", "\\")

words = st.text("aAbB %_\\,/'é", min_size=1, max_size=4).map(str.strip).filter(bool)
numbers = st.integers(-3, 3) | st.sampled_from([2**53 - 1, 1 - 2**53])
amounts = st.decimals(-2, 2, places=SCALE).map(lambda each: f"{each + 0:.2f}")
days = st.dates().map(str)
odd = st.sampled_from([None, True, False, 0, 1, 1.5, "1", "-0.5", ["a"], [1], {"a": "a"}, []])
"""What an older system may have left behind."""

VALUES: Mapping[str, st.SearchStrategy[Any]] = {
    "text": words,
    "integer": numbers,
    "decimal": amounts,
    "boolean": st.booleans(),
    "date": days,
    "multi_choice": st.lists(st.sampled_from(CHOICES), min_size=1, max_size=3, unique=True),
}


def is_same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, as JSON has it."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def held(value: Any) -> Sequence[Any]:
    return cast(Sequence[Any], value) if isinstance(value, list) else ()


def has(value: Any, sought: Any, kind: str) -> bool:
    if kind == "multi_choice":
        return any(is_same(each, sought) for each in held(value))
    return is_same(value, sought)


def ordered(value: Any, kind: str) -> Any:
    """Return a value as it compares; None where it does not."""
    if kind == "integer":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    if not isinstance(value, str):
        return None
    if kind == "date":
        return value
    whole, point, cents = value.removeprefix("-").partition(".")
    plain = whole.isdecimal() and point and cents.isdecimal() and len(cents) == SCALE
    return Decimal(value) if plain else None


def compares(how: Callable[[Any, Any], bool]) -> Callable[[Any, Any, str], bool]:
    def holds(value: Any, sought: Any, kind: str) -> bool:
        left = ordered(value, kind)
        return left is not None and how(left, ordered(sought, kind))

    return holds


def folded(text: str) -> str:
    return "".join(each.lower() if each.isascii() else each for each in text)


MODEL: Mapping[str, Callable[[Any, Any, str], bool]] = {
    "eq": has,
    "ne": lambda value, sought, kind: not has(value, sought, kind),
    "in": lambda value, sought, kind: any(has(value, each, kind) for each in sought),
    "gt": compares(lambda one, other: one > other),
    "gte": compares(lambda one, other: one >= other),
    "lt": compares(lambda one, other: one < other),
    "lte": compares(lambda one, other: one <= other),
    "contains": lambda v, sought, _: isinstance(v, str) and folded(sought) in folded(v),
    "starts_with": lambda v, sought, _: isinstance(v, str) and folded(v).startswith(folded(sought)),
    "is_set": lambda value, sought, _: (value is not None) == sought,
}


def written(how: str, sought: Any) -> str:
    """Write what is asked for as it stands in a query."""
    if how == "in":
        escaped = (str(each).replace("\\", "\\\\").replace(",", "\\,") for each in sought)
        return ",".join(escaped)
    return str(sought).lower() if isinstance(sought, bool) else str(sought)


@st.composite
def questions(draw: st.DrawFn, kind: str) -> tuple[str, Any]:
    how = draw(st.sampled_from(KINDS[kind].operators))
    single = st.sampled_from(CHOICES) if kind == "multi_choice" else VALUES[kind]
    if how == "is_set":
        return how, draw(st.booleans())
    if how == "in":
        return how, draw(st.lists(single, min_size=1, max_size=4))
    return how, draw(words if how in ("contains", "starts_with") else single)


Example = tuple[list[Any], list[tuple[str, Any]]]


def examples(kind: str) -> Sequence[Example]:
    """Return the values of some clients with some questions, many times; always the same."""
    gathered: list[Example] = []
    values = st.lists(VALUES[kind] | odd, max_size=CLIENTS)

    @settings(max_examples=30, derandomize=True, database=None, deadline=None)
    @drawn(st.tuples(values, st.lists(questions(kind), min_size=1, max_size=4)))
    def gather(example: Example) -> None:
        gathered.append(example)

    gather()
    return gathered


async def leave(database: Database, ids: Sequence[int], values: Sequence[Any]) -> None:
    """Give the clients these values."""
    rows = [{"to": id, "new": {"field": each}} for id, each in zip(ids, values, strict=True)]
    table: Any = Client.__table__
    statement = update(table).where(table.c.id == bindparam("to"))
    async with database.engines.writing.begin() as connection:
        await connection.execute(statement.values(custom_fields=bindparam("new")), rows)


@pytest.mark.parametrize("kind", VALUES)
async def test_filters_find_what_the_model_finds(
    api: AsyncClient, given: Given, database: Database, kind: str
):
    choices = [{"value": each, "label": each} for each in CHOICES]
    await given.a_field("field", kind, **({"choices": choices} if kind == "multi_choice" else {}))
    ids = [(await given.a_client(f"Client {number}"))["id"] for number in range(CLIENTS)]
    for values, asked in examples(kind):
        padded = [*values, *[None] * (CLIENTS - len(values))]
        await leave(database, ids, padded)
        for how, sought in asked:
            answer = await api.get("/clients", params={f"custom.field.{how}": written(how, sought)})
            assert answer.status_code == 200, answer.text
            found = {each["id"] for each in answer.json()["items"]}
            everybody = zip(ids, padded, strict=True)
            expected = {id for id, value in everybody if MODEL[how](value, sought, kind)}
            assert found == expected, (how, sought, padded)

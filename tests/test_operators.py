"""Every kind of custom field, asked about with every operator that it has, on both databases."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest
from httpx import AsyncClient

from elsewhere import left_behind
from given import Given, faults
from timetracker_api.custom_fields.finding.operators import OPERATORS
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.db.session import Database

CHOICES = [{"value": value, "label": value} for value in ("gold", "0", "false", "übrig, rot")]

LARGEST = 2**53 - 1
EIGHTEEN_NINES = "9999999999999999.99"

OLD: Mapping[str, Any] = {"old_null": None, "old_list": [["x"]], "old_object": {"x": "x"}}
"""What no kind would store, as an older system may have left it behind. Null is no value."""


class Table(NamedTuple):
    """Clients by name with their values, and for each question who is the answer."""

    values: Mapping[str, Any]
    old: Mapping[str, Any]
    """Values that the field would not take today."""
    questions: Sequence[tuple[str, str, str]]
    """Operator, what is asked for, and names; after "not", all but these."""


SET = [("is_set", "true", "not unset old_null"), ("is_set", "false", "unset old_null")]
NUMBERS = {"old_true": True, "old_text": "1", "old_fraction": 1.5}

TEXT = Table(
    {
        "zero": "0",
        "false": "false",
        "upper": "ÀB Straße",
        "lower": "àb strasse",
        "percent": "100%",
        "score": "a_b",
        "comma": "a,b",
        "slash": "a\\,b",
        "longest": "z" * 254 + "Y",
        "smile": "👩‍👩‍👧 x",
    },
    {"old_zero": 0, "old_false": False, "old_longer": "y" * 2999 + "END"},
    [
        ("eq", "0", "zero"),
        ("eq", "false", "false"),
        ("eq", "z" * 254 + "Y", "longest"),
        ("ne", "0", "not zero"),
        ("ne", "none of them", "not"),
        ("in", "0,false", "zero false"),
        ("in", "0", "zero"),
        ("in", r"a\,b,0", "comma zero"),
        ("in", r"a\\\,b,0", "slash zero"),
        ("in", "a,b", ""),
        ("contains", "STR", "upper lower"),
        ("contains", "straße", "upper"),
        ("contains", "à", "lower"),
        ("contains", "À", "upper"),
        ("contains", "%", "percent"),
        ("contains", "_", "score"),
        ("contains", "\\", "slash"),
        ("contains", "👩", "smile"),
        ("contains", "zzy", "longest"),
        ("contains", "end", "old_longer"),
        ("contains", " ", "upper lower smile"),
        ("contains", "0", "zero percent"),
        ("starts_with", "A", "score comma slash"),
        ("starts_with", "Àb", "upper"),
        ("starts_with", "1", "percent"),
        ("starts_with", "%", ""),
        ("starts_with", "y" * 300, "old_longer"),
        *SET,
    ],
)

WHOLE = Table(
    {"zero": 0, "one": 1, "ten": 10, "maximum": LARGEST},
    NUMBERS,
    [
        ("eq", "0", "zero"),
        ("eq", str(LARGEST), "maximum"),
        ("ne", "0", "not zero"),
        ("in", "0,1", "zero one"),
        ("gt", "0", "one ten maximum old_fraction"),
        ("gt", "1", "ten maximum old_fraction"),
        ("gte", "1", "one ten maximum old_fraction"),
        ("lt", "10", "zero one old_fraction"),
        ("lte", "10", "zero one ten old_fraction"),
        ("gte", str(LARGEST), "maximum"),
        ("lt", str(LARGEST), "zero one ten old_fraction"),
        *SET,
    ],
)

TABLES: Mapping[str, Table] = {
    "text": TEXT,
    "long_text": TEXT,
    "url": Table(
        {
            "plain": "https://a.example/",
            "query": "https://B.example/?x=1,2",
            "longest": "https://c.example/" + "y" * 1982,
        },
        {"old_zero": 0, "old_false": False},
        [
            ("eq", "https://a.example/", "plain"),
            ("ne", "https://a.example/", "not plain"),
            ("in", r"https://a.example/,https://B.example/?x=1\,2", "plain query"),
            ("contains", ".EXAMPLE", "plain query longest"),
            ("starts_with", "https://b", "query"),
            *SET,
        ],
    ),
    "email": Table(
        {"ada": "ada@example.com", "upper": "ADA@example.org", "dots": "é.b@example.com"},
        {"old_zero": 0, "old_text": "not one"},
        [
            ("eq", "ada@EXAMPLE.com", "ada"),
            ("ne", "ada@example.com", "not ada"),
            ("in", "ada@example.com,é.b@example.com", "ada dots"),
            ("contains", "@example.com", "ada dots"),
            ("starts_with", "ada@", "ada upper"),
            *SET,
        ],
    ),
    "phone": Table(
        {"short": "000", "plus": "+32 2 555", "brackets": "0 (2) 555"},
        {"old_zero": 0, "old_text": "none"},
        [
            ("eq", "+32 2 555", "plus"),
            ("ne", "000", "not short"),
            ("in", "000,+32 2 555", "short plus"),
            ("contains", "2) 5", "brackets"),
            ("starts_with", "0", "short brackets"),
            *SET,
        ],
    ),
    "integer": Table(
        {**WHOLE.values, "minus": -2, "minimum": -LARGEST},
        WHOLE.old,
        [
            ("eq", "-2", "minus"),
            ("lt", "0", "minus minimum"),
            ("lte", str(-LARGEST), "minimum"),
            ("gt", "-2", "zero one ten maximum old_fraction"),
            ("in", f"{LARGEST},{-LARGEST}", "maximum minimum"),
            ("ne", "0", "not zero"),
            ("gte", "10", "ten maximum"),
            *SET,
        ],
    ),
    "duration": WHOLE,
    "decimal": Table(
        {"zero": "0", "small": "0.05", "two": "2", "ten": "10.5", "minus": "-0.05", "less": "-10",
         "maximum": EIGHTEEN_NINES, "minimum": f"-{EIGHTEEN_NINES}"},
        {"old_true": True, "old_number": 1, "old_scale": "1.5", "old_text": "x.12",
         "old_minus": "--1.00"},
        [
            ("eq", "0", "zero"),
            ("eq", "10.50", "ten"),
            ("eq", EIGHTEEN_NINES, "maximum"),
            ("ne", "0", "not zero"),
            ("in", "0,2.0,-10", "zero two less"),
            ("gt", "0", "small two ten maximum"),
            ("gte", "0", "zero small two ten maximum"),
            ("gt", "9", "ten maximum"),
            ("lt", "0", "minus less minimum"),
            ("lt", "-0.05", "less minimum"),
            ("lte", "-0.05", "minus less minimum"),
            ("gte", EIGHTEEN_NINES, "maximum"),
            ("lt", "9999999999999999.98", "zero small two ten minus less minimum"),
            *SET,
        ],
    ),
    "boolean": Table(
        {"yes": True, "no": False},
        {"old_one": 1, "old_zero": 0, "old_text": "true"},
        [
            ("eq", "true", "yes"),
            ("eq", "false", "no"),
            ("ne", "true", "not yes"),
            ("ne", "false", "not no"),
            *SET,
        ],
    ),
    "date": Table(
        {"first": "0001-01-01", "new_year": "2026-01-01", "last": "9999-12-31"},
        {"old_number": 20260101, "old_false": False},
        [
            ("eq", "2026-01-01", "new_year"),
            ("ne", "2026-01-01", "not new_year"),
            ("in", "0001-01-01,9999-12-31", "first last"),
            ("gt", "2026-01-01", "last"),
            ("gte", "2026-01-01", "new_year last"),
            ("lt", "2026-01-01", "first"),
            ("lte", "2026-01-01", "first new_year"),
            *SET,
        ],
    ),
    "datetime": Table(
        {"first": "0001-01-01T00:00:00Z", "noon": "2026-01-31T12:00:00Z",
         "later": "2026-01-31T12:00:00.000001Z", "last": "9999-12-31T23:59:59.999999Z"},
        {"old_number": 1769860800, "old_false": False},
        [
            ("eq", "2026-01-31T13:00:00+01:00", "noon"),
            ("ne", "2026-01-31T13:00:00+01:00", "not noon"),
            ("in", "2026-01-31T12:00:00Z,0001-01-01T00:00:00Z", "noon first"),
            ("gt", "2026-01-31T12:00:00Z", "later last"),
            ("gte", "2026-01-31T12:00:00Z", "noon later last"),
            ("lt", "2026-01-31T12:00:00.000001Z", "first noon"),
            ("lte", "2026-01-31T14:00:00+02:00", "first noon"),
            *SET,
        ],
    ),
    "choice": Table(
        {"gold": "gold", "zero": "0", "false": "false", "red": "übrig, rot"},
        {"old_zero": 0, "old_false": False, "old_gone": "gone"},
        [
            ("eq", "0", "zero"),
            ("ne", "false", "not false"),
            ("in", r"gold,übrig\, rot", "gold red"),
            *SET,
        ],
    ),
    "multi_choice": Table(
        {"gold": ["gold"], "both": ["0", "gold"], "zero": ["0"], "red": ["übrig, rot", "false"]},
        {"old_text": "gold", "old_numbers": [0, False], "old_gone": ["gone"], "old_empty": []},
        [
            ("eq", "gold", "gold both"),
            ("eq", "0", "both zero"),
            ("ne", "gold", "not gold both"),
            ("in", "false,0", "both zero red"),
            ("in", r"gold,übrig\, rot", "gold both red"),
            *SET,
        ],
    ),
    "user": Table(
        {},
        {"old_one": 1, "maximum": 2**63 - 1, "old_text": "1", "old_true": True},
        [
            ("eq", "1", "old_one"),
            ("eq", str(2**63 - 1), "maximum"),
            ("ne", "1", "not old_one"),
            ("in", f"1,{2**63 - 1}", "old_one maximum"),
            *SET,
        ],
    ),
}  # fmt: skip


async def found(api: AsyncClient, path: str = "/clients", **asked: str) -> set[str]:
    """Return the names of who is found by ``custom.field`` and what is asked about it."""
    answer = await api.get(
        path, params={"limit": 200} | {f"custom.field.{how}": what for how, what in asked.items()}
    )
    assert answer.status_code == 200, answer.text
    return {each["name"] for each in answer.json()["items"]}


@pytest.mark.parametrize("kind", KINDS)
async def test_every_operator_of_a_kind_finds_who_it_should(
    api: AsyncClient, given: Given, database: Database, kind: str
):
    table = TABLES[kind]
    choices = {"choices": CHOICES} if "choices" in KINDS[kind].constraints else {}
    await given.a_field("field", kind, **choices)
    await given.a_client("unset")
    for name, value in table.values.items():
        await given.a_client(name, custom_fields={"field": value})
    for name, value in {**OLD, **table.old}.items():
        await left_behind(database, await given.a_client(name), field=value)
    everybody = {"unset", *table.values, *OLD, *table.old}

    assert {how for how, _, _ in table.questions} == set(KINDS[kind].operators)
    for how, what, expected in table.questions:
        names = set(expected.split())
        if "not" in names:
            names = everybody - names
        assert await found(api, **{how: what}) == names, (how, what)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_operator_that_a_kind_has_not_is_refused_with_those_it_has(
    api: AsyncClient, given: Given, kind: str
):
    choices = {"choices": CHOICES} if "choices" in KINDS[kind].constraints else {}
    await given.a_field("field", kind, **choices)
    for how in {*OPERATORS, "like", "", "in.x", "EQ"} - {*KINDS[kind].operators}:
        refused = await api.get("/clients", params={f"custom.field.{how}": "1"})
        assert faults(refused) == {(f"/custom.field.{how}", "operator")}, how
        (fault,) = refused.json()["errors"]
        assert fault["source"] == "query"
        assert ", ".join(KINDS[kind].operators) in fault["message"]

"""A schema accepts what the engine accepts, and nothing else."""

import json
from functools import partial
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from schemas import KEY, a_definition, only, reader, schema_of
from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.forms.expressions import ecma
from timetracker_api.custom_fields.forms.harmless import is_harmless
from timetracker_api.custom_fields.forms.json_schema import Purpose
from timetracker_api.custom_fields.kinds import KINDS
from timetracker_api.custom_fields.kinds.choices import LONGEST_LIST
from timetracker_api.custom_fields.patterns import fault
from timetracker_api.custom_fields.rules import completed
from timetracker_api.custom_fields.validation import merge
from timetracker_api.custom_fields.values import is_empty
from timetracker_api.problems import Invalid
from vectors import SOMEBODY, VECTORS, Json

ELSE = object()
"""What a record has that must keep a value: none of those that are tried."""

EXACT = 2**53
SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)

each_purpose = pytest.mark.parametrize("purpose", ["create", "update"])
a_few = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def received(value: Any) -> Any:
    """Return a value as bodies are read: 1.0 is an integer."""

    def number(text: str) -> float | int:
        read = float(text)
        return int(read) if read.is_integer() and abs(read) < EXACT else read

    return json.loads(json.dumps(value), parse_float=number)


def as_forms_send(value: Any) -> Any:
    """Return a value as schemas are about it: trimmed, without repetitions, null for nothing."""
    if isinstance(value, list) and len(cast(list[Any], value)) <= LONGEST_LIST:
        every = [_trimmed(each) for each in cast(list[Any], value)]
        value = [each for at, each in enumerate(every) if each not in every[:at]]
    if is_empty(value):
        return None
    return _trimmed(value)


def _trimmed(value: Any) -> Any:
    return value.strip(SPACE) if isinstance(value, str) else value


def is_foreseeable(definition: Definition, value: Any) -> bool:
    """Whether the two are to agree on a value."""
    if definition.kind == "decimal" and isinstance(value, int | float):
        return False  # the schema asks for text: a number in a form has lost decimals already
    # Halves of surrogate pairs are refused before; schemas know no way to write them.
    return "\\ud" not in json.dumps(value) or _encodes(value)


def _encodes(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def disagreements(
    definition: Definition, purpose: Purpose, *values: Any
) -> list[tuple[object, ...]]:
    """Return what schema and engine say of values, where that is not the same."""
    fields, schema = only(definition), schema_of(definition, purpose)
    accepts = reader(schema).is_valid
    beyond = set(schema["properties"][KEY]["x-timetracker"]["left_to_server"])
    stored = {KEY: ELSE} if purpose == "update" and definition.is_mandatory else {}
    found: list[tuple[object, ...]] = []
    for value in map(received, filter(partial(is_foreseeable, definition), values)):
        _, faults = merge(fields, stored, {KEY: value}, is_new=purpose == "create")
        accepted = accepts({KEY: as_forms_send(value)})
        codes = {each.code for each in faults}
        if accepted == bool(faults) and not (accepted and codes <= beyond):
            found.append((ascii(value), accepted, codes, schema))
    return found


@each_purpose
@pytest.mark.parametrize("mandatory", [False, True])
@pytest.mark.parametrize("vectors", VECTORS, ids=lambda vectors: vectors.name)
def test_they_agree_on_the_table(vectors: Any, purpose: Purpose, *, mandatory: bool):
    definition = a_definition(**vectors.definition, is_mandatory=mandatory)
    values = [
        json.loads(case.given) if isinstance(case.given, Json) else case.given
        for case in vectors.cases
        if case.given is not SOMEBODY and case.status != 400
    ]
    assert disagreements(definition, purpose, *values) == []


NUMBERS = st.integers(-20, 20) | st.sampled_from([2**53 - 1, 2**53, 2**63, -(2**53)])
TEXTS = st.text(
    # Of the separators that Python strips and the rest of the world does not, forms send none.
    st.characters(exclude_categories=["Cs"], exclude_characters="\x1c\x1d\x1e\x1f"),
    max_size=6,
) | st.text("aZ9 _-.\n\t\u00e9\U0001f469", max_size=6)
DECIMALS = st.from_regex(r"-?[0-9]{1,4}(\.[0-9]{1,3}0{0,3})?", fullmatch=True)
DAYS = st.from_regex(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]", fullmatch=True)
INSTANTS = st.from_regex(
    r"20[0-9]{2}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{1,7})?"
    r"([Zz]|[+-][0-2][0-9]:[0-6][0-9])?",
    fullmatch=True,
)
# Which names and numbers are hosts, and which domains can have mail, only code can say.
URLS = st.from_regex(
    r"(HTTPS?|https?|ftp|tel)://?[a-z]{1,3}\.be(/[a-z ?#<|ö]{0,4})?", fullmatch=True
)
ADDRESSES = st.from_regex(r"[a-z+ö.]{0,3}@{0,2}[a-z]{1,3}\.?(be)?", fullmatch=True)
PHONES = st.from_regex(r"\+?[0-9 ()./x-]{0,6}", fullmatch=True)
WORDS = st.sampled_from(["gold", "silver", "old", "no", " gold ", ""])
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
VALUES = st.one_of(
    ANYTHING,
    *(NUMBERS, DECIMALS, DAYS, INSTANTS, URLS, ADDRESSES, PHONES, WORDS),
    st.lists(WORDS, max_size=4),
)
PIECES = st.sampled_from(
    [
        ".",
        r"\d",
        r"\w",
        r"\s",
        r"\S",
        r"\.",
        r"\-",
        "a",
        "Z",
        "9",
        " ",
        "-",
        "é",
        "]",
        "}",
        "/",
        "[a-z]",
        r"[^\d_]",
        r"[\w.-]",
        "(?:a|9)",
        "(?P<x>a.)",
        "(Z)",
        "(?i:a)",
        r"\pL",
        r"[\s\]]",
    ]
)
PATTERNS = st.lists(
    st.tuples(PIECES, st.sampled_from(["", "", "*", "+?", "{1,3}"])), min_size=1, max_size=4
).map(lambda pieces: "".join(piece + often for piece, often in pieces))
CHOICES = [
    {"value": "gold", "label": "Gold"},
    {"value": "silver", "label": "Silver"},
    {"value": "old", "label": "Old", "is_active": False},
]


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Draw a definition that the API accepts."""
    kind = draw(st.sampled_from(sorted(KINDS)))
    bounds = {"decimal": DECIMALS, "date": DAYS}.get(kind, NUMBERS)
    every: dict[str, st.SearchStrategy[Any]] = {
        "min_length": st.integers(0, 4),
        "max_length": st.integers(1, 6),
        "pattern": PATTERNS,
        "minimum": bounds,
        "maximum": bounds,
        "scale": st.integers(0, 3),
        "schemes": st.sampled_from([["https"], ["http", "tel"]]),
    }
    values: dict[str, Any] = {"is_mandatory": draw(st.booleans())}
    for name in sorted(KINDS[kind].constraints & every.keys()):
        values[name] = draw(st.none() | every[name])
    if "choices" in KINDS[kind].constraints:
        values["choices"] = draw(st.sampled_from([CHOICES, CHOICES[2:]]))
    definition = a_definition(kind=kind, **values)
    try:
        return Definition(**completed(vars(definition)))
    except Invalid:
        return draw(st.nothing())


@each_purpose
@a_few
@drawn(definition=definitions(), values=st.lists(VALUES, min_size=12, max_size=12))
def test_they_agree_on_whatever_is_defined(
    purpose: Purpose, definition: Definition, values: list[Any]
):
    assert disagreements(definition, purpose, *values) == []


@a_few
@drawn(pattern=PATTERNS, texts=st.lists(TEXTS, min_size=20, max_size=20))
def test_a_pattern_means_the_same_in_its_translation(pattern: str, texts: list[str]):
    translated = ecma(pattern)
    assume(translated is not None and fault(pattern) is None)
    assert translated is not None
    definition = a_definition(kind="text", pattern=pattern)
    assert disagreements(definition, "create", *texts) == []
    assert not is_harmless(translated) or ecma(translated) == translated


@pytest.mark.parametrize(
    "pattern",
    [
        "(?i)a",
        r"\pL",
        r"a\b",
        r"[a&&b]",
        "[[:alpha:]]",
        r"[^\S]",
        "[]a]",
        "a**",
        r"\x{41}",
    ],
)
def test_a_pattern_without_a_translation_is_left_to_the_server(pattern: str):
    assert ecma(pattern) is None
    property = schema_of(a_definition(kind="text", pattern=pattern), "create")["properties"][KEY]
    assert property["x-timetracker"]["left_to_server"] == ["pattern"]

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.registry import Fields
from timetracker_api.custom_fields.validation import merge
from timetracker_api.custom_fields.values import Validator, is_empty

KINDS: dict[str, dict[str, Any]] = {
    "text": {"pattern": "[a-z ]*", "max_length": 5},
    "long_text": {},
    "integer": {"minimum": -2},
    "decimal": {"scale": 1},
    "boolean": {},
    "date": {},
    "datetime": {},
    "url": {},
    "email": {},
    "phone": {},
    "choice": {"choices": [{"value": "a", "is_active": True}, {"value": "b", "is_active": False}]},
    "multi_choice": {"choices": [{"value": "a", "is_active": True}]},
    "duration": {},
}


def defined_as(kind: str, *, is_mandatory: bool, is_active: bool) -> Definition:
    rules: dict[str, Any] = {"is_mandatory": is_mandatory, "is_active": is_active, **KINDS[kind]}
    return Definition(key=kind, label=kind, kind=kind, **rules)


definitions = st.builds(
    defined_as, st.sampled_from(sorted(KINDS)), is_mandatory=st.booleans(), is_active=st.booleans()
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=5),
    st.sampled_from(["", " ", "a", "b", "5.0", "2026-01-31", "2026-01-31T09:00:00+02:00"]),
    st.sampled_from(["https://a.example/", "A@Example.com", "+32 2 555", "x\x00", "\ud800"]),
)
objects = st.dictionaries(st.text(max_size=2), scalars)
values = st.one_of(scalars, st.lists(scalars, max_size=3), objects)
records = st.dictionaries(st.sampled_from([*KINDS, "legacy", "unknown"]), values, max_size=8)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    defined=st.lists(definitions, unique_by=lambda d: d.key),
    stored=records,
    changes=records,
    is_new=st.booleans(),
)
def test_merging_keeps_what_is_not_given_and_adds_nothing_empty(
    defined: list[Definition],
    stored: dict[str, Any],
    changes: dict[str, Any],
    *,
    is_new: bool,
):
    stored = {} if is_new else {key: value for key, value in stored.items() if not is_empty(value)}
    fields = Fields(
        active={each.key: Validator(each) for each in defined if each.is_active},
        inactive=frozenset(each.key for each in defined if not each.is_active),
    )
    merged, _ = merge(fields, stored, changes, is_new=is_new)
    assert merged.keys() <= stored.keys() | changes.keys()
    assert {k: v for k, v in merged.items() if k not in changes} == {
        k: v for k, v in stored.items() if k not in changes
    }
    assert not any(is_empty(value) for value in merged.values())
    assert merge(fields, merged, merged, is_new=False) == (merged, [])

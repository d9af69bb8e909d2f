"""A form that is made of definitions, filled in by somebody in Chromium.

Chromium asks the service from another origin, as the page of an integrator would.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tools import GENERATED, run
from world import FIELDS, GOOD, SAID_BADLY, STORED_BADLY, Service, description, label, placeholder

WRONG = {
    "debtor": "x",
    "remarks": "x",
    "seats": "11",
    "rate": "12.345",
    "since": "2025-12-31",
    "site": "javascript:canary()",
    "inbox": "nobody",
    "hotline": "call me",
    "manager": "999",
    "budget": "86401",
}
"""What somebody types who has not understood. They leave `tier` out as well."""

RIGHT = {
    **{key: str(value) for key, value in GOOD.items() if key not in {"is_partner", "regions"}},
    "seen": "2026-01-31T10:00",
    "tier": "Gold",
    "channel": "A fair",
}
"""What somebody in Brussels types and chooses."""

Inputs = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def seen(page: str, service: Service) -> Mapping[str, Any]:
    """What somebody sees who fills in the form, first wrongly."""
    script = {
        "address": f"{page}/#api={service.url}&token={service.token}",
        "wrong": {"Name": "Acme"} | {label(key): value for key, value in WRONG.items()},
        "right": {
            **{label(key): value for key, value in RIGHT.items()},
            label("is_partner"): True,
            "The North": True,
            "The South": True,
        },
        "pictures": {name: str(GENERATED / f"{name}.png") for name in ("form", "refused")},
    }
    return json.loads(run("node", "person.js", given=script))


def by_key(inputs: list[Mapping[str, Any]]) -> Inputs:
    """Return inputs by the keys of their fields; the first one is the name of the client."""
    return dict(zip(("name", *FIELDS), inputs, strict=True))


def test_the_form_has_every_field_in_its_place_and_in_the_words_of_its_definition(
    seen: Mapping[str, Any],
):
    shown = by_key(seen["form"])
    mandatory = {key for key, field in FIELDS.items() if field.get("is_mandatory")}
    for key in FIELDS:
        assert shown[key]["label"] == label(key) + ("*" if key in mandatory else "")
        assert shown[key]["help"] == [description(key)]
        assert shown[key]["value"] == FIELDS[key].get("default", "")
        if shown[key]["type"] not in {"checkbox", "select-one"}:
            assert shown[key]["placeholder"] == placeholder(key)
    assert {key for key, each in shown.items() if each["required"]} == {"name", *mandatory}
    assert {key: shown[key]["type"] for key in FIELDS} == {
        **dict.fromkeys(("debtor", "motto", "seats", "rate", "manager", "budget"), "text"),
        "remarks": "textarea",
        "is_partner": "checkbox",
        "regions": "checkbox",
        "since": "date",
        "seen": "datetime-local",
        "site": "url",
        "inbox": "email",
        "hotline": "tel",
        "tier": "select-one",
        "channel": "select-one",
    }


def test_choices_are_offered_by_their_labels(seen: Mapping[str, Any]):
    shown = by_key(seen["form"])
    said = [each["label"] for each in SAID_BADLY]
    assert shown["tier"]["options"] == [placeholder("tier"), "Gold", *said]
    assert shown["channel"]["options"] == [placeholder("channel"), "-", "Mail", "A fair"]
    stored = [each["label"] for each in STORED_BADLY]
    assert shown["regions"]["boxes"] == ["The North", "The South", *stored]


def test_what_the_service_refuses_is_said_beside_the_input(
    seen: Mapping[str, Any], service: Service
):
    numbers = {key: int(WRONG[key]) for key in ("seats", "manager", "budget")}
    values = {"name": "Acme", "custom_fields": {**WRONG, **numbers}}
    refused = service.api.post("/clients", json=values).json()["errors"]
    messages = {fault["pointer"].rpartition("/")[2]: [fault["message"]] for fault in refused}
    assert messages.keys() == {*WRONG, "tier"}
    assert messages["since"] == [f"{label('since')} must be at least 2026-01-01."]
    shown = by_key(seen["refused"])
    assert {key: each["faults"] for key, each in shown.items() if each["faults"]} == messages


def test_what_it_accepts_is_stored(seen: Mapping[str, Any], service: Service):
    assert not any(each["faults"] for each in seen["accepted"])
    client = service.api.get(f"/clients/{seen['created']}").json()
    assert client["name"] == "Acme"
    assert client["custom_fields"] == GOOD


def test_nothing_that_people_have_written_runs_in_the_browser(seen: Mapping[str, Any]):
    assert seen["failures"] == []

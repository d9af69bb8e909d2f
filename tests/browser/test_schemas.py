"""What Ajv, the validator of most frontends, makes of the schemas and layouts that are served."""

import json
from typing import Any, cast

from tools import run
from vectors import SOMEBODY, VECTORS, Case, Json
from world import ENTITY_TYPES, FIELDS, GOOD, Service, label

EXACT = 2**53
"""JavaScript cannot tell the numbers beyond."""


def served(service: Service, path: str, **parameters: str) -> Any:
    answer = service.api.get(f"/custom-fields/schema/{path}", params=parameters)
    return answer.raise_for_status().json()


def verdicts(*tables: tuple[Any, list[Any]]) -> list[list[bool]]:
    """Return what Ajv says of schemas and values."""
    given = [{"schema": schema, "values": values} for schema, values in tables]
    return json.loads(run("node", "verdicts.js", given=given))


def as_forms_send_it(value: Any, kind: str) -> bool:
    """Whether it is text without space around it, a number, or a list without repetitions."""
    if isinstance(value, list):
        each = cast(list[Any], value)
        return bool(each) and all(
            each.count(one) == 1 and as_forms_send_it(one, kind) for one in each
        )
    if isinstance(value, str) and not isinstance(value, Json):
        is_unicode = value == value.encode(errors="ignore").decode()
        return value != "" and value == value.strip() and is_unicode
    if isinstance(value, int | float):
        return kind != "decimal" and abs(value) <= EXACT
    return value is None


def test_every_schema_compiles_and_says_what_records_may_have(service: Service):
    values = [GOOD, GOOD | {"seats": 0}, GOOD | {"another": 1}, {}, {"site": None}]
    said = {
        "create": [True, False, False, False, False],
        "update": [True, False, False, True, True],
        "read": [True, True, True, True, False],
    }
    schemas = [
        served(service, name, **{"for": purpose}) for name in ENTITY_TYPES for purpose in said
    ]
    assert all(schema["properties"].keys() == FIELDS.keys() for schema in schemas)
    tables = [(schema, values) for schema in schemas]
    assert verdicts(*tables) == [*said.values()] * len(ENTITY_TYPES)


def test_of_what_forms_send_schemas_take_what_the_service_takes(service: Service):
    definitions = [
        {"key": f"field_{number}", "label": vectors.name, **vectors.definition}
        for number, vectors in enumerate(VECTORS)
    ]
    made = [service.api.post("/custom-field-definitions", json=each) for each in definitions]
    fields = served(service, "client")["properties"]
    for each in made:
        deleted = service.api.delete(f"/custom-field-definitions/{each.json()['id']}")
        assert deleted.status_code == 204

    schemas = [fields[each["key"]] for each in definitions]
    cases = [
        [case for case in vectors.cases if _can_be_told(case, schema["x-timetracker"])]
        for vectors, schema in zip(VECTORS, schemas, strict=True)
    ]
    values = [[case.given for case in each] for each in cases]
    said = verdicts(*zip(schemas, values, strict=True))
    for vectors, each, verdict in zip(VECTORS, cases, said, strict=True):
        assert each, vectors.name
        taken = [(ascii(case.given)[:60], case.status == 200) for case in each]
        assert [
            (text, is_taken) for (text, _), is_taken in zip(taken, verdict, strict=True)
        ] == taken


def test_json_forms_finds_every_field_and_an_input_for_it(service: Service):
    given = {
        "schema": served(service, "client"),
        "layout": served(service, "client/ui", format="jsonforms"),
        "data": GOOD | {"seats": 0},
    }
    shown = json.loads(run("node", "jsonforms.js", given=given))
    assert [(each["path"], each["label"]) for each in shown] == [
        (key, label(key)) for key in FIELDS
    ]
    assert [each["path"] for each in shown if each["required"]] == ["debtor", "tier"]
    assert [each["path"] for each in shown if each["errors"]] == ["seats"]
    assert {each["path"]: each["input"] for each in shown} == {
        **dict.fromkeys(("debtor", "motto", "rate", "site", "inbox", "hotline"), "text"),
        **dict.fromkeys(("seats", "manager", "budget"), "number"),
        "remarks": "textarea",
        "is_partner": "checkbox",
        "since": "date",
        "seen": "datetime",
        "tier": "select",
        "channel": "select",
        "regions": "checkboxes",
    }


def _can_be_told(case: Case, about: Any) -> bool:
    left = {code for _, code in case.faults} & set(about["left_to_server"])
    return not left and case.given is not SOMEBODY and as_forms_send_it(case.given, about["kind"])

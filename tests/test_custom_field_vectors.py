import json
from typing import Any

import pytest
from httpx import AsyncClient, Response

from given import Given
from timetracker_api.custom_fields.definition import Definition
from timetracker_api.custom_fields.values import Validator, ValueFault, is_empty
from vectors import NOTHING, SOMEBODY, VECTORS, Case, Json, Vectors

KEY = "field"


def body(case: Case, somebody: int, **others: Any) -> str:
    """Write JSON by hand: the table also holds numbers and texts that are none."""
    given = somebody if case.given is SOMEBODY else case.given
    text = given if isinstance(given, Json) else json.dumps(given)
    return json.dumps({**others, "custom_fields": {KEY: 0}}).replace(
        f'"{KEY}": 0', f'"{KEY}": {text}'
    )


def verdict(case: Case, somebody: int) -> tuple[object, ...]:
    if case.status >= 400:
        return case.status, {(f"/custom_fields/{KEY}{at}", code) for at, code in case.faults}
    stored = somebody if case.stored is SOMEBODY else case.stored
    return 200, {} if stored is NOTHING else {KEY: stored}


def outcome(response: Response) -> tuple[object, ...]:
    answer = response.json()
    if response.status_code >= 400:
        return response.status_code, {(each["pointer"], each["code"]) for each in answer["errors"]}
    return 200, answer["custom_fields"]


every_kind = pytest.mark.parametrize("vectors", VECTORS, ids=lambda vectors: vectors.name)


@every_kind
async def test_create_and_patch_agree_with_the_table(
    api: AsyncClient, given: Given, vectors: Vectors
):
    await given.a_field(KEY, **vectors.definition)
    somebody = (await api.get("/users/me")).json()["id"]
    patched = (await given.a_client("Patched"))["id"]
    api.headers["Content-Type"] = "application/json"
    for number, case in enumerate(vectors.cases):
        said = ascii(case.given)[:80]
        expected = said, verdict(case, somebody)

        created = await api.post("/clients", content=body(case, somebody, name=f"Client {number}"))
        assert (said, outcome(created)) == expected
        if created.is_success:
            found = await api.get(f"/clients/{created.json()['id']}")
            assert found.json() == created.json()

        # Whatever the case before has left there makes no difference.
        changed = await api.patch(f"/clients/{patched}", content=body(case, somebody))
        assert (said, outcome(changed)) == expected


def validator(vectors: Vectors) -> Validator:
    definition: dict[str, Any] = {"key": KEY, "label": "Label", **vectors.definition}
    offered = definition.get("choices", ())
    definition["choices"] = [{"is_active": True, **choice} for choice in offered]
    return Validator(Definition(**definition))


@every_kind
def test_the_stored_form_is_stored_as_it_is(vectors: Vectors):
    for case in vectors.cases:
        if case.stored not in (NOTHING, SOMEBODY):
            assert validator(vectors).canonical(case.stored) == case.stored


@every_kind
def test_every_refusal_is_one_sentence_that_begins_with_the_label(vectors: Vectors):
    for case in vectors.cases:
        if case.status == 422 and ("", "reference_not_found") not in case.faults:
            given = json.loads(case.given) if isinstance(case.given, Json) else case.given
            with pytest.raises(ValueFault) as refused:
                validator(vectors).canonical(given)
            for fault in refused.value.faults:
                assert fault.message.startswith("Label must ")
                assert fault.message.endswith(".")


def test_the_table_says_of_every_empty_form_that_it_is_no_value():
    for vectors in VECTORS:
        for case in vectors.cases:
            nothing = case.status == 200 and case.stored is NOTHING
            assert nothing == (case.status < 400 and is_empty(case.given))

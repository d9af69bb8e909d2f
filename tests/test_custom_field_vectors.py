import json
from typing import Any

import pytest
from httpx import AsyncClient, Response

from given import Given
from vectors import NOTHING, SOMEBODY, VECTORS, Case, Json, Vectors

KEY = "field"
VERDICT = "status, stored value and faults"


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


@pytest.mark.parametrize("vectors", VECTORS, ids=lambda vectors: vectors.name)
async def test_create_and_patch_agree_with_the_table(
    api: AsyncClient, given: Given, vectors: Vectors
):
    await given.a_field(KEY, **vectors.definition)
    somebody = (await api.get("/users/me")).json()["id"]
    patched = (await given.a_client("Patched"))["id"]
    api.headers["Content-Type"] = "application/json"
    for number, case in enumerate(vectors.cases):
        said = (number, ascii(case.given)[:80])
        expected = said, verdict(case, somebody)

        created = await api.post("/clients", content=body(case, somebody, name=f"Client {number}"))
        assert (said, outcome(created)) == expected
        if created.is_success:
            found = await api.get(f"/clients/{created.json()['id']}")
            assert json.loads(found.text) == json.loads(created.text)

        changed = await api.patch(f"/clients/{patched}", content=body(case, somebody))
        assert (said, outcome(changed)) == expected
        await api.patch(f"/clients/{patched}", json={"custom_fields": {KEY: None}})


@pytest.mark.parametrize("vectors", VECTORS, ids=lambda vectors: vectors.name)
async def test_what_was_stored_can_be_sent_back_unchanged(
    api: AsyncClient, given: Given, vectors: Vectors
):
    await given.a_field(KEY, **vectors.definition)
    values = [c.stored for c in vectors.cases if c.stored not in (NOTHING, SOMEBODY)]
    for value in values:
        first = await given.a_client(f"First {value!r}"[:99], custom_fields={KEY: value})
        again = await given.a_client(f"Again {value!r}"[:99], custom_fields=first["custom_fields"])
        assert again["custom_fields"] == {KEY: value}
        await api.delete(f"/clients/{first['id']}")
        await api.delete(f"/clients/{again['id']}")


async def test_a_sentence_names_the_field_by_its_label(api: AsyncClient, given: Given):
    for vectors in VECTORS:
        await given.a_field(vectors.name.replace(" ", "_"), **vectors.definition)
    for vectors in VECTORS:
        key = vectors.name.replace(" ", "_")
        label = vectors.name.capitalize()
        for case in vectors.cases:
            if (
                case.status == 422
                and not isinstance(case.given, Json)
                and "\\ud" not in ascii(case)
            ):
                values = {"name": "Acme", "custom_fields": {key: case.given}}
                answer = (await api.post("/clients", json=values)).json()
                for each in answer["errors"]:
                    assert each["message"].startswith(label), each
                    assert each["message"].endswith("."), each
                    assert "{" not in each["message"], each

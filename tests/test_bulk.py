from collections.abc import Sequence
from typing import Any

import pytest
from httpx import AsyncClient, Response

from callers import Callers
from given import Given, faults
from people import recorded
from test_statements import AUTHENTICATION, statements
from timetracker_api.db.session import Database

HOUR = {"started_at": "2026-11-20T09:00:00Z", "duration_seconds": 3600}
BACKWARDS = {"started_at": "2026-11-20T09:00:00Z", "ended_at": "2026-11-20T08:00:00Z"}


def create(**fields: Any) -> dict[str, Any]:
    return {"op": "create", "data": {**HOUR, **fields}}


def update(entry: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"op": "update", "id": entry["id"], "data": fields}


def delete(entry: dict[str, Any]) -> dict[str, Any]:
    return {"op": "delete", "id": entry["id"]}


async def bulk(api: AsyncClient, *operations: dict[str, Any], mode: str = "atomic") -> Response:
    body = {"mode": mode, "operations": operations}
    return await api.post("/time-entries/bulk", json=body)


async def ids(api: AsyncClient) -> set[int]:
    return {entry["id"] for entry in (await api.get("/time-entries")).json()["items"]}


@pytest.mark.parametrize(("mode", "status"), [("atomic", 200), ("partial", 207)])
async def test_many_entries_are_created_changed_and_deleted_at_once(
    api: AsyncClient, given: Given, database: Database, mode: str, status: int
):
    client = await given.a_client()
    kept, gone = [await given.an_entry(client_id=client["id"]) for _ in range(2)]
    answer = await bulk(
        api,
        create(client_id=client["id"], notes="first"),
        update(kept, notes="changed"),
        delete(gone),
        create(client_id=client["id"], notes="second"),
        mode=mode,
    )
    assert answer.status_code == status, answer.text
    results = answer.json()["results"]
    assert [(each["index"], each["status"]) for each in results] == [
        (0, 201),
        (1, 200),
        (2, 204),
        (3, 201),
    ]
    assert [results[n]["entry"]["notes"] for n in (0, 1, 3)] == ["first", "changed", "second"]
    assert results[2] == {"index": 2, "status": 204}
    for n in (0, 1, 3):
        entry = results[n]["entry"]
        assert (await api.get(f"/time-entries/{entry['id']}")).json() == entry
    assert gone["id"] not in await ids(api)
    assert len(await recorded(database, "time_entry.created")) == 4


async def test_all_is_refused_with_every_fault_where_something_is_wrong(
    api: AsyncClient, given: Given
):
    client = await given.a_client()
    entry = await given.an_entry(client_id=client["id"])
    refused = await bulk(
        api,
        create(client_id=client["id"]),
        {"op": "create", "data": {**BACKWARDS, "client_id": client["id"]}},
        update(entry, notes="changed"),
        update({"id": 999_999}, notes="x"),
        create(project_id=999_999),
    )
    assert refused.status_code == 422
    assert faults(refused) == {
        ("/operations/1/data/ended_at", "minimum"),
        ("/operations/3", "not_found"),
        ("/operations/4/data/project_id", "reference_not_found"),
    }
    assert await ids(api) == {entry["id"]}
    assert (await api.get(f"/time-entries/{entry['id']}")).json() == entry


async def test_a_single_refusal_is_told_as_it_would_be_alone(
    api: AsyncClient, given: Given, callers: Callers
):
    member = await callers.a("member")
    place = {"client_id": (await given.a_client())["id"]}
    await api.patch("/settings", json={"locked_before": "2026-12-01"})
    alone = await member.post("/time-entries", json={**HOUR, **place})
    refused = await bulk(member, create(**place), create(**place, started_at="2026-12-02T09:00Z"))
    assert refused.status_code == alone.status_code == 409
    for name in ("type", "code", "detail", "locks"):
        assert refused.json()[name] == alone.json()[name]
    assert faults(refused) == {("/operations/0", "locked")}
    both = await bulk(member, create(**place), create(**place))
    assert (both.status_code, both.json()["code"]) == (409, "locked")
    assert faults(both) == {("/operations/0", "locked"), ("/operations/1", "locked")}


async def test_what_is_possible_is_done_and_the_rest_has_its_problem(
    api: AsyncClient, given: Given, callers: Callers
):
    member = await callers.a("member")
    client, old = await given.a_client(), await given.a_client("Old")
    mine = await given.an_entry(client_id=client["id"])
    await api.post(f"/clients/{old['id']}/archive")
    await given.a_field("ticket", applies_to=["time_entry"], is_mandatory=True)
    await api.patch("/settings", json={"locked_before": "2026-11-01"})
    filled = {"client_id": client["id"], "custom_fields": {"ticket": "T-1"}}
    answer = await bulk(
        member,
        create(**filled),
        create(client_id=client["id"]),
        create(**{**filled, "client_id": old["id"]}),
        create(**filled, started_at="2026-10-31T09:00:00Z"),
        create(**filled, user_id=mine["user"]["id"]),
        update(mine, notes="x"),
        delete(mine),
        create(**filled),
        mode="partial",
    )
    results = answer.json()["results"]
    assert [each["status"] for each in results] == [201, 422, 409, 409, 403, 404, 404, 201]
    codes = [each["problem"]["code"] for each in results[1:7]]
    assert codes == ["invalid", "archived", "locked", "forbidden", "not_found", "not_found"]
    assert results[1]["problem"]["errors"][0]["pointer"] == (
        "/operations/1/data/custom_fields/ticket"
    )
    assert results[3]["problem"]["locks"][0]["kind"] == "period"
    assert all(each["problem"]["request_id"] for each in results[1:7])
    assert await ids(member) == {results[0]["entry"]["id"], results[7]["entry"]["id"]}
    assert (await api.get(f"/time-entries/{mine['id']}")).json() == mine


async def test_operations_are_done_in_their_order(api: AsyncClient, given: Given):
    project = await given.a_project()
    task = await given.a_task(project_id=project["id"])
    other = await given.a_project("Other")
    entry = await given.an_entry(project_id=project["id"])
    answer = await bulk(
        api,
        update(entry, task_id=task["id"]),
        update(entry, notes="on its task"),
        update(entry, project_id=other["id"]),
        update(entry, task_id=None, duration_seconds=60),
    )
    last = (await api.get(f"/time-entries/{entry['id']}")).json()
    assert [each["entry"] for each in answer.json()["results"]] == [last] * 4
    assert (last["project"]["id"], last["task"]) == (other["id"], None)
    assert (last["notes"], last["duration_seconds"]) == ("on its task", 60)

    again = await bulk(
        api,
        update(entry, notes="x"),
        delete(entry),
        update(entry, notes="y"),
        delete(entry),
        mode="partial",
    )
    assert [each["status"] for each in again.json()["results"]] == [200, 204, 404, 404]
    assert "entry" not in again.json()["results"][0]


async def test_an_entry_moved_back_and_forth_is_where_it_was(api: AsyncClient, given: Given):
    one, other = await given.a_project("One"), await given.a_project("Other")
    entry = await given.an_entry(project_id=one["id"])
    answer = await bulk(
        api, update(entry, project_id=other["id"]), update(entry, project_id=one["id"])
    )
    assert answer.json()["results"][1]["entry"]["client"] == entry["client"]


async def test_a_repeated_bulk_with_the_same_key_is_done_once(api: AsyncClient, given: Given):
    place = {"client_id": (await given.a_client())["id"]}
    body = {"mode": "partial", "operations": [create(**place), create(project_id=999_999)]}
    key = {"Idempotency-Key": "import-7"}
    first = await api.post("/time-entries/bulk", json=body, headers=key)
    again = await api.post("/time-entries/bulk", json=body, headers=key)
    assert (again.status_code, again.json()) == (207, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await ids(api)) == 1


@pytest.mark.parametrize(
    ("operations", "pointer"),
    [
        ([], "/operations"),
        ([{"op": "delete", "id": 1}] * 501, "/operations"),
        ([{"op": "upsert", "id": 1}], "/operations/0/op"),
        ([{"op": "delete", "id": 0}], "/operations/0/id"),
        ([{"op": "delete"}], "/operations/0/id"),
        ([{"op": "create", "data": {"started_at": 7}}], "/operations/0/data/started_at"),
        ([{"op": "update", "id": 1, "data": {"colour": "x"}}], "/operations/0/data/colour"),
    ],
)
async def test_a_bulk_that_makes_no_sense_is_refused(
    api: AsyncClient, operations: Any, pointer: str
):
    refused = await api.post("/time-entries/bulk", json={"operations": operations})
    assert refused.status_code == 422
    assert pointer in {fault for fault, _ in faults(refused)}


def reads_and_others(sent: Sequence[str]) -> tuple[int, int]:
    """Count the statements; apart from the others those that insert entries.

    SQLite cannot say which of many new rows got which id, and so takes them one by one.
    """
    inserts = sum(statement.startswith("INSERT INTO time_entries") for statement in sent)
    return len(sent) - inserts, inserts


@pytest.mark.parametrize("mode", ["atomic", "partial"])
async def test_500_entries_take_as_many_statements_as_one(
    api: AsyncClient, given: Given, database: Database, mode: str
):
    task = await given.a_task()
    client = await given.a_client()
    users = [(await given.a_user(f"user{number}"))["id"] for number in range(5)]
    await given.an_entry(client_id=client["id"])
    # Users, two kinds of places, the definitions' version; then events, and what is shown.
    expected = AUTHENTICATION + 6
    for length in (2, 500):
        places = ({"task_id": task["id"]}, {"client_id": client["id"]})
        operations = [
            create(user_id=users[number % 5], notes=f"{number}", **places[number % 2])
            for number in range(length)
        ]
        with statements(database) as sent:
            answer = await bulk(api, *operations, mode=mode)
        assert answer.status_code in {200, 207}, answer.text
        notes = [each["entry"]["notes"] for each in answer.json()["results"]]
        assert notes == [f"{number}" for number in range(length)]
        others, inserts = reads_and_others(sent)
        on_postgresql = database.settings.url.get_backend_name() == "postgresql"
        assert (others, inserts) == (expected, 1 if on_postgresql else length)


async def test_a_single_entry_takes_seven_statements_or_eight(
    api: AsyncClient, given: Given, database: Database
):
    task = await given.a_task()
    entry = await given.an_entry(task_id=task["id"])
    path = f"/time-entries/{entry['id']}"
    # User, place, the definitions' version, the entry, its event, and what is shown.
    with statements(database) as sent:
        assert (await api.post("/time-entries", json={**HOUR, "task_id": task["id"]})).is_success
    assert len(sent) == AUTHENTICATION + 6
    # User, entry, its invoice, the definitions' version, the change, its event, what is shown.
    with statements(database) as sent:
        assert (await api.patch(path, json={"notes": "x", "duration_seconds": 1})).is_success
    assert len(sent) == AUTHENTICATION + 7
    with statements(database) as sent:
        assert (await api.patch(path, json={"task_id": None})).is_success
    assert len(sent) == AUTHENTICATION + 8
    with statements(database) as sent:
        assert (await api.delete(path)).is_success
    assert len(sent) == AUTHENTICATION + 6

"""One value, wanted by many at once, by way of real servers."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select

from elsewhere import until_somebody_waits
from given import Given, faults
from timetracker_api import entities
from timetracker_api.clients.models import Client
from timetracker_api.custom_fields.models import UniqueValue
from timetracker_api.custom_fields.uniqueness import digest
from timetracker_api.db.session import Database

AT_ONCE = 12
ROUNDS = 6
KEY = "debtor_number"
TAKEN = {(f"/custom_fields/{KEY}", "not_unique")}


async def create(api: AsyncClient, name: str, value: str) -> Response:
    return await api.post("/clients", json={"name": name, "custom_fields": {KEY: value}})


async def assert_claimed(database: Database, field: dict[str, Any]) -> None:
    """Exactly the values that there are have been claimed, and no two are the same."""
    async with database.read() as session:
        records = await session.scalars(select(Client.custom_fields))
        digests = sorted(digest(values[KEY]) for values in records if KEY in values)
        rows = select(UniqueValue.definition_id, UniqueValue.entity_type, UniqueValue.digest)
        claims = await session.execute(rows.order_by(UniqueValue.digest))
        assert claims.all() == [(field["id"], "client", each) for each in digests]


async def test_of_twelve_who_want_a_value_at_once_one_gets_it(
    given: Given, processes: Sequence[AsyncClient], database: Database
):
    field = await given.a_field(KEY, is_unique=True)
    for turn in range(ROUNDS):
        answers = await asyncio.gather(
            *(create(processes[n % 2], f"Client {turn} {n}", f"{turn}") for n in range(AT_ONCE))
        )
        assert Counter(each.status_code for each in answers) == {201: 1, 422: AT_ONCE - 1}
        assert all(faults(each) == TAKEN for each in answers if each.status_code == 422)
    await assert_claimed(database, field)


async def test_whatever_is_asked_of_few_values_at_once_no_two_records_have_the_same(
    given: Given, processes: Sequence[AsyncClient], database: Database
):
    field = await given.a_field(KEY, is_unique=True)
    other = await given.a_field("other", is_unique=True, applies_to=["client", "project"])
    clients = [await given.a_client(f"Client {n}") for n in range(AT_ONCE)]

    async def ask(number: int, turn: int) -> Response:
        api, path = processes[number % 2], f"/clients/{clients[number]['id']}"
        if number == 0:
            path = f"/custom-field-definitions/{other['id']}"
            return await api.patch(path, json={"label": f"Other {turn}"})
        if (number + turn) % 7 == 0:
            return await api.delete(path)
        values = {KEY: f"{number * turn % 5}", "other": f"{(number + turn) % AT_ONCE}"}
        return await api.patch(path, json={"custom_fields": values})

    statuses: Counter[int] = Counter()
    for turn in range(1, ROUNDS):
        answers = await asyncio.gather(*(ask(number, turn) for number in range(AT_ONCE)))
        statuses.update(each.status_code for each in answers)
        assert {each.status_code for each in answers} <= {200, 204, 404, 422}, statuses
    assert min(statuses[200], statuses[204], statuses[422]) > 0, statuses
    path = f"/custom-field-definitions/{other['id']}"
    assert (await processes[0].patch(path, json={"is_unique": False})).is_success
    await assert_claimed(database, field)


async def test_a_field_that_becomes_unique_while_writers_run_has_no_duplicates(
    given: Given, processes: Sequence[AsyncClient], database: Database
):
    field = await given.a_field(KEY)
    path = f"/custom-field-definitions/{field['id']}"

    async def write(number: int) -> None:
        api = processes[number % 2]
        for turn in range(12):
            answer = await create(api, f"Client {number} {turn}", f"{(turn + number) % 8}")
            assert answer.status_code == 201 or faults(answer) == TAKEN, answer.text
            if answer.status_code == 201 and turn % 3 == 0:
                removed = await api.delete(f"/clients/{answer.json()['id']}")
                assert removed.status_code in {204, 404}, removed.text

    async def tighten() -> None:
        """Switch it on as soon as that is possible, by removing the duplicates that it names."""
        api = processes[0]
        while (answer := await api.patch(path, json={"is_unique": True})).status_code == 409:
            for each in answer.json()["duplicates"]:
                for id in each["ids"][1:]:
                    await api.delete(f"/clients/{id}")
        assert answer.json()["is_unique"]

    await asyncio.gather(*(write(number) for number in range(6)), tighten())
    await assert_claimed(database, field)


@pytest.mark.parametrize(("end", "status"), [("commit", 422), ("rollback", 201)])
async def test_who_comes_second_waits_for_what_becomes_of_the_first(
    given: Given, processes: Sequence[AsyncClient], database: Database, end: str, status: int
):
    field = await given.a_field(KEY, is_unique=True)
    async with database.write() as session:
        values = {"name": "First", "custom_fields": {KEY: "1"}}
        await entities.create(session, Client, values)
        second = asyncio.create_task(create(processes[0], "Second", "1"))
        await until_somebody_waits(database)
        assert not second.done()
        await (session.commit() if end == "commit" else session.rollback())
    answer = await second
    assert answer.status_code == status, answer.text
    await assert_claimed(database, field)


async def test_what_is_filled_in_while_writers_run_is_claimed_as_well(
    given: Given, processes: Sequence[AsyncClient], database: Database
):
    field = await given.a_field(KEY, is_unique=True)
    await given.a_field("old_number")
    clients = [
        await given.a_client(f"Client {n}", custom_fields={"old_number": f"old {n}"})
        for n in range(AT_ONCE)
    ]
    path = f"/custom-field-definitions/{field['id']}/backfill"

    async def write(number: int) -> None:
        for turn in range(ROUNDS):
            value = None if turn % 2 else f"{number} {turn}"
            body = {"custom_fields": {KEY: value}}
            api, client = processes[number % 2], f"/clients/{clients[number]['id']}"
            assert (await api.patch(client, json=body)).status_code == 200

    async def fill() -> None:
        for _ in range(2 * ROUNDS):
            filled = await processes[0].post(path, json={"copy_from": "old_number"})
            assert filled.status_code == 200, filled.text

    await asyncio.gather(fill(), *(write(number) for number in range(AT_ONCE)))
    await assert_claimed(database, field)

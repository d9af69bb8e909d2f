import json
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import func, select

from document import EVERY, TAKING_BODIES, Operation, furnish, referring
from timetracker_api.db.session import Database
from timetracker_api.models import metadata

JSON = {"Content-Type": "application/json"}
PROBLEM = "application/problem+json"
HUGE = (2**63, -(2**63) - 1, 10**30)
WRONG: tuple[Any, ...] = (
    3, 1.5, True, None, "x", "", [], {}, [3], [None], [{}], [{"a": 1}], {"a": [{}]}, {"": {"~/": 1}}
)  # fmt: skip

MALFORMED = {
    "cut off": b'{"name": "A',
    "two documents": b"{}{}",
    "a comma too many": b'{"name": "A",}',
    "single quotes": b"{'name': 'A'}",
    "not a number": b'{"name": NaN}',
    "infinite": b'{"name": -Infinity}',
    "a number without end": b'{"name": 1e999}',
    "a number of many digits": b'{"name": ' + b"9" * 5000 + b"}",
    "one name twice": b'{"name": "A", "name": "B"}',
    "one name twice, inside": b'{"name": {"a": 1, "a": 1}}',
    "not UTF-8": b'{"name": "\xff"}',
    "half a character": b'{"name": "\xed\xa0\x80"}',
    "UTF-16": '{"name": "A"}'.encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + b'{"name": "A"}',
    "deeper than the stack": b"[" * 100_000,
    "deep": b'{"name": ' + b"[" * 40 + b"]" * 40 + b"}",
    "a line break in a string": b'{"name": "A\nB"}',
}

UNACCEPTABLE = {
    "nothing": b"",
    "null": b"null",
    "a list": b"[]",
    "a number": b"1",
    "a string": b'"name"',
    "an unknown field": b'{"no_such_field": 1}',
    "an unknown field without a name": b'{"": 1}',
    "an unknown field that cannot be written": b'{"\\udfff": 1}',
    "an unknown field with NUL": b'{"\\u0000": 1}',
}

with_bodies = pytest.mark.parametrize("operation", TAKING_BODIES, ids=lambda each: each.name)


@pytest.fixture
async def world(api: AsyncClient) -> dict[str, int]:
    """One record of every noun."""
    return await furnish(api)


@pytest.fixture
async def untouched(world: dict[str, int], database: Database) -> AsyncGenerator[None]:
    """Looks at the end whether there is as much of everything as there was at the beginning."""
    assert world
    before = await _counted(database)
    yield
    assert await _counted(database) == before


async def _counted(database: Database) -> dict[str, int | None]:
    async with database.read() as session:
        return {
            table.name: await session.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
        }


def refused(response: Response, *statuses: int) -> list[dict[str, Any]]:
    """Return what a response says is wrong."""
    assert response.status_code in statuses, response.text
    assert response.headers["content-type"] == PROBLEM
    return response.json()["errors"]


def leads_somewhere(pointer: str, body: Any) -> bool:
    """Whether a JSON pointer points to a part of the body, or to one that is missing in it."""
    if pointer == "":
        return True
    first, *path = pointer.split("/")
    assert first == "", pointer
    for number, part in enumerate(path):
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        elif isinstance(body, dict) and name in body:
            body = body[name]
        else:
            return isinstance(body, dict) and number == len(path) - 1
    return True


def variations(operation: Operation, body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the body with each of its fields replaced by everything that it might not be."""
    for name in operation.body["properties"]:
        for value in WRONG:
            yield name, body | {name: value}


@with_bodies
@pytest.mark.usefixtures("untouched")
async def test_what_is_not_json_is_refused(api: AsyncClient, operation: Operation):
    for name, content in MALFORMED.items():
        response = await api.request(
            operation.method, operation.address(), content=content, headers=JSON
        )
        assert response.status_code == 400, name
        refused(response, 400)
        assert response.json()["detail"] != "The body cannot be read.", name


@with_bodies
@pytest.mark.usefixtures("untouched")
async def test_json_that_is_something_else_is_refused(
    api: AsyncClient, world: dict[str, int], operation: Operation
):
    address = operation.address(id=world.get(operation.noun, 1))
    for name, content in UNACCEPTABLE.items():
        response = await api.request(operation.method, address, content=content, headers=JSON)
        assert response.status_code == 422, name
        assert refused(response, 422), name
    unknown = await api.request(operation.method, address, json={"no/such~field": 1})
    assert {"/no~1such~0field": "unknown_field"}.items() <= {
        fault["pointer"]: fault["code"] for fault in refused(unknown, 422)
    }.items()


@with_bodies
@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "json", ""]
)
@pytest.mark.usefixtures("untouched")
async def test_only_json_is_read(api: AsyncClient, operation: Operation, content_type: str | None):
    content = json.dumps(operation.example).encode()
    headers = {} if content_type is None else {"Content-Type": content_type}
    response = await api.request(
        operation.method, operation.address(), content=content, headers=headers
    )
    refused(response, 415)


@with_bodies
async def test_every_pointer_points_at_the_input(
    api: AsyncClient, world: dict[str, int], operation: Operation
):
    me = (await api.get("/users/me")).json()["id"]
    body = referring(operation.example, world, me)
    address = operation.address(id=world.get(operation.noun, 1))
    found = 0
    for name, varied in variations(operation, body):
        response = await api.request(operation.method, address, json=varied)
        assert response.status_code < 500, (varied, response.text)
        if response.status_code != 422:
            continue
        for fault in response.json()["errors"]:
            assert fault["source"] == "body", (name, fault)
            assert leads_somewhere(fault["pointer"], varied), (varied, fault)
            found += 1
    assert found


@with_bodies
@pytest.mark.parametrize("character", ["\\u0000", "\\ud800", "\\udfff"])
async def test_characters_nothing_can_store_are_refused_wherever_text_is(
    api: AsyncClient, world: dict[str, int], operation: Operation, character: str
):
    me = (await api.get("/users/me")).json()["id"]
    body = referring(operation.example, world, me)
    address = operation.address(id=world.get(operation.noun, 1))
    for name in operation.body["properties"]:
        for value in (f'"a{character}b"', f'{{"a{character}": 1}}', f'["{character}"]'):
            rest = json.dumps({each: body[each] for each in body if each != name})
            content = f'{rest.removesuffix("}")}{", " * (rest != "{}")}"{name}": {value}}}'
            response = await api.request(operation.method, address, content=content, headers=JSON)
            if "password" in name and character == "\\u0000" and value.startswith('"'):
                assert response.status_code < 500, response.text
                continue  # it is hashed, not stored
            assert refused(response, 422), (name, value)


@with_bodies
async def test_numbers_beyond_64_bits_never_reach_the_database(
    api: AsyncClient, world: dict[str, int], operation: Operation
):
    me = (await api.get("/users/me")).json()["id"]
    body = referring(operation.example, world, me)
    address = operation.address(id=world.get(operation.noun, 1))
    for name in operation.body["properties"]:
        for number in HUGE:
            response = await api.request(operation.method, address, json=body | {name: number})
            refused(response, 422)


IN_QUERIES = [each for each in EVERY if each.parameters("query")]
WITH_IDS = [each for each in EVERY if "{id}" in each.path]


@pytest.mark.parametrize("operation", IN_QUERIES, ids=lambda each: each.name)
async def test_parameters_that_cannot_be_are_refused(api: AsyncClient, operation: Operation):
    for parameter in operation.parameters("query"):
        name = parameter["name"]
        for value in ("%00", "a%00b"):
            response = await api.request(operation.method, f"{operation.address()}?{name}={value}")
            assert f"/{name}" in {fault["pointer"] for fault in refused(response, 422)}
        for value in (*HUGE, "%ff", "%ED%A0%80", "%F4%90%80%80", "9" * 5000, "-", "%"):
            response = await api.request(operation.method, f"{operation.address()}?{name}={value}")
            assert response.status_code in {200, 422}, response.text


@pytest.mark.parametrize("operation", WITH_IDS, ids=lambda each: each.name)
async def test_ids_that_cannot_be_are_refused(api: AsyncClient, operation: Operation):
    for id in (0, *HUGE, "9" * 5000, -1, "x", "1.5", "%00", "1%00", "%ED%A0%80", "%2F", "%D9%A3"):
        response = await api.request(
            operation.method, operation.address(id=id), json=operation.example
        )
        refused(response, 404, 422)


@pytest.mark.parametrize(
    "operation", [each for each in EVERY if each.is_list], ids=lambda each: each.name
)
async def test_a_list_names_its_parameters_to_whoever_asks_for_another(
    api: AsyncClient, operation: Operation
):
    response = await api.get(f"{operation.address()}?no_such=1&nor~this/one=2")
    faults = {fault["pointer"]: fault for fault in refused(response, 422)}
    assert faults.keys() == {"/no_such", "/nor~0this~1one"}
    assert faults["/no_such"]["code"] == "unknown_parameter"
    assert faults["/no_such"]["source"] == "query"
    for parameter in operation.parameters("query"):
        assert parameter["name"] in faults["/no_such"]["message"]


@pytest.mark.parametrize("operation", EVERY, ids=lambda each: each.name)
@pytest.mark.usefixtures("untouched")
async def test_no_operation_reads_a_body_without_end(api: AsyncClient, operation: Operation):
    declared = await api.request(
        operation.method, operation.address(), content=b" " * 1_100_000, headers=JSON
    )
    refused(declared, 413)
    if operation.body:

        async def parts() -> AsyncGenerator[bytes]:
            for _ in range(110):
                yield b" " * 10_000

        chunked = await api.request(
            operation.method, operation.address(), content=parts(), headers=JSON
        )
        assert "content-length" not in chunked.request.headers
        refused(chunked, 413)

import json
from collections.abc import AsyncGenerator
from itertools import product
from typing import Any

import pytest
from httpx import AsyncClient, Response
from pydantic import JsonValue
from sqlalchemy import func, select

from document import EVERY, TAKING_BODIES, Operation, furnish, referring, sample
from timetracker_api.db.session import Database
from timetracker_api.models import metadata

pytestmark = pytest.mark.usefixtures("quick_hashes")

JSON = {"Content-Type": "application/json"}
PROBLEM = "application/problem+json"
HUGE = (2**63, -(2**63) - 1, 10**30)
WRONG: tuple[Any, ...] = (3, True, None, "x", [], [3], [{"a": 1}], {"": {"~/": 1}})

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

NOTHING = (b"", b"null")
UNACCEPTABLE = (
    *NOTHING, b"[]", b"1", b'"name"', b'{"": 1}', b'{"no_such": 1}', b'{"\\udfff": 1}',
    b'{"\\u0000": 1}',
)  # fmt: skip


@pytest.fixture
async def world(api: AsyncClient) -> dict[str, int]:
    """One record of every noun."""
    return (await furnish(api))[0]


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


@pytest.fixture
async def bodies(api: AsyncClient, world: dict[str, int]) -> list[tuple[Operation, str, Any]]:
    """Every operation that takes a body, where to send it, and a body that it would accept."""
    me = (await api.get("/users/me")).json()["id"]
    return [
        (
            each,
            each.address(id=world.get(each.noun, 1), line_id=world["line"]),
            referring(each.example, world, me),
        )
        for each in TAKING_BODIES
    ]


def refused(response: Response, *statuses: int) -> list[dict[str, Any]]:
    """Return what a response says is wrong."""
    about = (response.request.method, response.request.url)
    assert response.status_code in statuses, (about, response.text)
    assert response.headers["content-type"] == PROBLEM, about
    return response.json()["errors"]


def leads_somewhere(pointer: str, body: JsonValue) -> bool:
    """Whether a JSON pointer points to a part of the body, or to one that is missing in it."""
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


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
async def test_what_is_not_json_is_refused(api: AsyncClient, content: bytes):
    for operation in TAKING_BODIES:
        response = await api.request(
            operation.method, operation.address(), content=content, headers=JSON
        )
        refused(response, 400)
        assert response.json()["detail"] != "The body cannot be read."


@pytest.mark.usefixtures("untouched")
async def test_json_that_is_something_else_is_refused(
    api: AsyncClient, bodies: list[tuple[Operation, str, Any]]
):
    for operation, address, _ in bodies:
        for content in UNACCEPTABLE:
            if content in NOTHING and not operation.definition["requestBody"].get("required"):
                continue
            response = await api.request(operation.method, address, content=content, headers=JSON)
            assert refused(response, 422)


async def test_unknown_fields_are_refused_by_name(
    api: AsyncClient, bodies: list[tuple[Operation, str, Any]]
):
    for operation, address, body in bodies:
        response = await api.request(operation.method, address, json=body | {"no/such~field": 1})
        faults = {(each["pointer"], each["code"]) for each in refused(response, 422)}
        assert ("/no~1such~0field", "unknown_field") in faults


@pytest.mark.parametrize(
    "content_type", [None, "text/plain", "application/x-www-form-urlencoded", "json", ""]
)
@pytest.mark.usefixtures("untouched")
async def test_only_json_is_read(
    api: AsyncClient, bodies: list[tuple[Operation, str, Any]], content_type: str | None
):
    headers = {} if content_type is None else {"Content-Type": content_type}
    for operation, address, body in bodies:
        content = json.dumps(body).encode()
        response = await api.request(operation.method, address, content=content, headers=headers)
        refused(response, 415)


async def test_every_pointer_points_at_the_input(
    api: AsyncClient, bodies: list[tuple[Operation, str, Any]]
):
    for operation, address, body in bodies:
        found = 0
        for name, value in product(operation.body["properties"], WRONG):
            varied = body | {name: value}
            response = await api.request(operation.method, address, json=varied)
            assert response.status_code < 500, (varied, response.text)
            if response.status_code == 422:
                for fault in response.json()["errors"]:
                    assert fault["source"] == "body", (operation.name, varied, fault)
                    assert leads_somewhere(fault["pointer"], varied), (operation.name, fault)
                    found += 1
        assert found, operation.name


@pytest.mark.parametrize("character", ["\\u0000", "\\ud800", "\\udfff"])
async def test_characters_nothing_can_store_are_refused_wherever_text_is(
    api: AsyncClient, bodies: list[tuple[Operation, str, Any]], character: str
):
    for operation, address, body in bodies:
        for name in operation.body["properties"]:
            for value in (f'"a{character}b"', f'{{"a{character}": 1}}', f'["{character}"]'):
                content = json.dumps(body | {name: "?"}).replace('"?"', value).encode()
                response = await api.request(
                    operation.method, address, content=content, headers=JSON
                )
                if "password" in name and value == '"a\\u0000b"':
                    assert response.status_code < 500  # it is hashed, not stored
                    continue
                faults = refused(response, 422)
                assert faults
                if character != "\\u0000":  # the name of a member with one cannot be pointed at
                    places = {(each["pointer"], each["code"]) for each in faults}
                    at = f"/{name}/0" if value.startswith("[") else f"/{name}"
                    assert places == {(at, "control_characters")}


async def test_numbers_beyond_64_bits_never_reach_the_database(
    api: AsyncClient, bodies: list[tuple[Operation, str, Any]]
):
    for operation, address, body in bodies:
        for name, number in product(operation.body["properties"], HUGE):
            response = await api.request(operation.method, address, json=body | {name: number})
            refused(response, 422)


async def test_parameters_that_cannot_be_are_refused(api: AsyncClient):
    for operation in EVERY:
        for parameter in operation.parameters("query"):
            at = f"{operation.address()}?{parameter['name']}="
            for value in ("%00", "a%00b"):
                response = await api.request(operation.method, at + value)
                faults = {each["pointer"] for each in refused(response, 422)}
                assert f"/{parameter['name']}" in faults
            for value in (*HUGE, "%ff", "%ED%A0%80", "%F4%90%80%80", "9" * 5000, "-", "%"):
                response = await api.request(operation.method, f"{at}{value}")
                # The record that the path names may be gone: one of these deletes it.
                allowed = {200, 404, 422} if "{id}" in operation.path else {200, 422}
                assert response.status_code in allowed, (at, value, response.text)


async def test_parameters_given_twice_are_refused(api: AsyncClient):
    for operation in EVERY:
        for parameter in operation.parameters("query"):
            name, value = parameter["name"], sample(parameter)
            for other in (value, "x"):
                twice = f"{operation.address()}?{name}={value}&{name}={other}"
                response = await api.request(operation.method, twice)
                (fault,) = refused(response, 422)
                assert (fault["source"], fault["pointer"]) == ("query", f"/{name}")
                assert fault["code"] == "type"
                assert fault["message"] == f"{name} must be given once."


async def test_ids_that_cannot_be_are_refused(api: AsyncClient):
    hostile = (0, *HUGE, "9" * 5000, -1, "x", "1.5", "%00", "1%00", "%ED%A0%80", "%2F", "%D9%A3")
    for operation in EVERY:
        for id in hostile if "{id}" in operation.path else ():
            response = await api.request(
                operation.method, operation.address(id=id), json=operation.example
            )
            refused(response, 404, 405, 422)


async def test_a_list_names_its_parameters_to_whoever_asks_for_another(api: AsyncClient):
    lists = [each for each in EVERY if each.is_list]
    assert lists
    for operation in lists:
        response = await api.get(f"{operation.address()}?no_such=1&nor~this/one=2")
        faults = {fault["pointer"]: fault for fault in refused(response, 422)}
        assert faults.keys() == {"/no_such", "/nor~0this~1one"}
        assert faults["/no_such"]["code"] == "unknown_parameter"
        assert faults["/no_such"]["source"] == "query"
        for parameter in operation.parameters("query"):
            assert parameter["name"] in faults["/no_such"]["message"]


@pytest.mark.usefixtures("untouched")
async def test_no_operation_reads_a_body_without_end(api: AsyncClient):
    async def parts() -> AsyncGenerator[bytes]:
        for _ in range(110):
            yield b" " * 10_000

    for operation in EVERY:
        declared = await api.request(
            operation.method, operation.address(), content=b" " * 1_100_000, headers=JSON
        )
        refused(declared, 413)
    for operation in TAKING_BODIES:
        chunked = await api.request(
            operation.method, operation.address(), content=parts(), headers=JSON
        )
        assert "content-length" not in chunked.request.headers
        refused(chunked, 413)

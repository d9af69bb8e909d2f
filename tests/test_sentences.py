"""What people read beside their input is written by us, whatever finds the fault."""

import re
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import pytest
from httpx import AsyncClient, Response
from pydantic_core import ErrorTypeInfo

from document import EVERY, SCHEMAS, TAKING_BODIES, Operation, furnish, referring
from test_docs import read, rows
from timetracker_api.codes import PYDANTICS, code_of
from timetracker_api.web.sentences import ANYTHING_ELSE, Sentences

pytestmark = pytest.mark.usefixtures("quick_hashes")

ERRORS: list[ErrorTypeInfo] = import_module("pydantic_core._pydantic_core").list_all_errors()
OTHERS: tuple[Any, ...] = (
    None,
    True,
    3,
    1.5,
    -(10**30),
    10**30,
    "",
    "\u0007",
    "§ §",
    [],
    [3],
    [{}],
    {},
    {"§": 1},
)
ANYTHING: tuple[Any, ...] = ({}, [], None, "x", {"§": 1})


def _pattern(template: str) -> str:
    return "".join(
        ".*" if part.startswith("{") else re.escape(part) for part in re.split(r"({\w+})", template)
    )


THEIRS = re.compile(
    "|".join(_pattern(each["message_template_python"]) for each in ERRORS), re.DOTALL
)
"""What Pydantic would have said."""

DOCUMENTED = rows(read("docs/errors.md").partition("\n## Codes\n")[2]).keys()


def check(response: Response) -> Iterator[Mapping[str, Any]]:
    """Look at each fault of an answer."""
    if response.status_code != 422:
        return
    for fault in response.json()["errors"]:
        about = (str(response.request.url), response.request.content, fault)
        assert fault["code"] in DOCUMENTED, about
        assert fault["code"] not in PYDANTICS, about
        assert fault["message"] != ANYTHING_ELSE, about
        # Those that name an example are ours.
        assert " such as " in fault["message"] or not THEIRS.fullmatch(fault["message"]), about
        yield fault


def parts(schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give a schema and those it is made of, down to the members of an object."""
    if "$ref" in schema:
        schema = SCHEMAS[schema["$ref"].rsplit("/", 1)[1]]
    yield schema
    for each in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from parts(each)


def beyond(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Give values that a schema does not allow, or only just."""
    for part in parts(schema):
        yield from numbers(part)
        if "maxLength" in part:
            yield "x" * (part["maxLength"] + 1)
        if part.get("format") in {"date", "date-time"}:
            yield from ("2026-11-22", "2026-11-22T09:30:00", "2026-02-30", "2026-02-30T09:30:00Z")
        if part.get("type") == "array":
            yield ["x"] * (part.get("maxItems", 0) + 1)
            yield from ([inner] for inner in beyond(part["items"]))
        for name, member in part.get("properties", {}).items():
            yield from ({name: value} for value in (*OTHERS, *beyond(member)))


def numbers(schema: Mapping[str, Any]) -> Iterator[float]:
    """Give numbers around the bounds of a schema."""
    for bound in ("minimum", "maximum"):
        if bound in schema:
            yield from (schema[bound] + change for change in (-1, 1, 0.00001))


@pytest.mark.parametrize("operation", TAKING_BODIES, ids=lambda each: each.name)
async def test_no_fault_of_a_body_is_told_in_words_of_pydantic(
    api: AsyncClient, operation: Operation
):
    world, _ = await furnish(api)
    me = (await api.get("/users/me")).json()["id"]
    body = referring(operation.example, world, me)
    address = operation.address(id=world.get(operation.noun, 1), line_id=world["line"])
    found = 0
    for name, schema in operation.body["properties"].items():
        for value in (*OTHERS, *beyond(schema)):
            varied = {**body, name: value}
            response = await api.request(operation.method, address, json=varied)
            found += len([*check(response)])
    for other in ANYTHING:
        found += len([*check(await api.request(operation.method, address, json=other))])
    assert found


async def test_no_fault_of_a_parameter_is_told_in_words_of_pydantic(api: AsyncClient):
    found = 0
    for operation in EVERY:
        for parameter in operation.parameters("query"):
            values = [v for v in beyond(parameter["schema"]) if not isinstance(v, list | dict)]
            for value in (
                "",
                "x",
                "1.5",
                "-1",
                "9" * 30,
                "9" * 5000,
                "2026-11-22T09:30:00",
                *values,
            ):
                response = await api.request(
                    operation.method, operation.address(), params={parameter["name"]: value}
                )
                found += len([*check(response)])
    assert found


@pytest.mark.parametrize("error", ERRORS, ids=[each["type"] for each in ERRORS])
def test_whatever_pydantic_finds_there_is_a_sentence_and_a_code(error: ErrorTypeInfo):
    found: dict[str, Any] = {
        "type": error["type"],
        "loc": ("body", "name"),
        "msg": error["example_message_python"],
        "input": "x",
        "ctx": error["example_context"] or {},
    }
    message = Sentences().of(found)
    assert message.endswith(".")
    assert not THEIRS.fullmatch(message)
    assert code_of(error["type"]) in DOCUMENTED

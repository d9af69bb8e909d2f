import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs
import pytest
from httpx import AsyncClient
from pydantic import JsonValue

from callers import Callers
from document import DOCUMENT, EVERY, SCHEMAS, Operation, furnish, resolved
from given import Given

PUBLIC = {"sign_in", "check_alive", "check_ready", "get_info", "get_limits", "get_metrics"}
"""What anybody may ask."""

PROBLEM = {"$ref": "#/components/schemas/ProblemDetails"}

each_operation = pytest.mark.parametrize("operation", EVERY, ids=lambda each: each.name)


def nodes(node: JsonValue, path: str = "") -> Iterator[tuple[str, Any]]:
    """Go through the whole document."""
    yield path, node
    if isinstance(node, dict):
        for name, inner in node.items():
            yield from nodes(inner, f"{path}/{name}")
    elif isinstance(node, list):
        for position, inner in enumerate(node):
            yield from nodes(inner, f"{path}/{position}")


def validator(schema: Mapping[str, Any]) -> jsonschema_rs.Validator:
    """Return a validator of a part of the document."""
    whole = {**schema, "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def test_the_document_is_openapi_3_1():
    assert DOCUMENT["openapi"].startswith("3.1.")
    assert DOCUMENT["info"]["title"]
    assert DOCUMENT["info"]["version"]
    assert DOCUMENT["info"]["description"]


def test_operation_ids_are_unique_and_what_one_greps_for():
    names = [each.name for each in EVERY]
    assert len(set(names)) == len(names)
    for name in names:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name)


def test_examples_of_text_over_several_lines_have_line_breaks():
    assert SCHEMAS["ClientCreate"]["properties"]["address"]["anyOf"][0]["examples"] == [
        "Desert 1\nTucson"
    ]
    texts = (node for _, node in nodes(DOCUMENT) if isinstance(node, str))
    assert not [text for text in texts if "\\n" in text]


@each_operation
def test_an_operation_is_described(operation: Operation):
    assert operation.definition["summary"]
    assert operation.definition["description"].strip().endswith((".", ":", "`"))
    tags = {tag["name"]: tag["description"] for tag in DOCUMENT["tags"]}
    assert len(operation.definition["tags"]) == 1
    for tag in operation.definition["tags"]:
        assert tags[tag]


@each_operation
def test_an_operation_says_who_may(operation: Operation):
    security = operation.definition.get("security", [])
    assert (not security) == (operation.name in PUBLIC)
    for way in security:
        assert way.keys() <= DOCUMENT["components"]["securitySchemes"].keys()


@each_operation
def test_an_operation_says_how_it_can_fail(operation: Operation):
    expected: set[int] = set()
    if operation.path.startswith("/api"):
        expected |= {422, 429, 503}
    if operation.name not in PUBLIC:
        expected |= {401, 403}
    if operation.body:
        expected |= {400, 413, 415}
    if "{id}" in operation.path:
        expected |= {404}
    responses = operation.definition["responses"]
    assert {str(status) for status in expected} <= responses.keys()
    for status, response in responses.items():
        assert response["description"]
        if int(status) >= 400:
            content = response["content"]["application/problem+json"]
            assert content["schema"] == PROBLEM
            assert content["example"]["status"] == int(status)


@each_operation
def test_every_parameter_is_described(operation: Operation):
    for parameter in operation.definition.get("parameters", ()):
        schema = parameter["schema"]
        assert parameter.get("description") or schema.get("description"), parameter["name"]


@each_operation
def test_the_answer_about_a_record_has_a_tag(operation: Operation):
    members = operation.answer.get("properties", {})
    if not {"id", "updated_at"} <= members.keys():
        return
    status = max({"200", "201"} & operation.definition["responses"].keys())  # 200 for a dry run
    headers = operation.definition["responses"][status]["headers"]
    assert "ETag" in headers
    assert ("Location" in headers) == (status == "201")
    if operation.method == "GET":
        assert "if-none-match" in {each["name"] for each in operation.parameters("header")}
        assert "304" in operation.definition["responses"]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_property_is_described(name: str):
    schema = SCHEMAS[name]
    for member, definition in schema.get("properties", {}).items():
        assert definition.get("description"), member
    if schema.get("type") == "object":
        assert schema.get("description")


@each_operation
def test_every_body_has_an_example_that_is_valid(operation: Operation):
    definition = operation.definition
    bodies = [definition.get("requestBody", {}), *definition["responses"].values()]
    for body in bodies:
        for content in body.get("content", {}).values():
            assert "example" in content
            validator(content["schema"]).validate(content["example"])
    for status, answer in definition["responses"].items():
        if status.startswith("2") and status != "204":
            assert answer["content"]
            assert all(resolved(content["schema"]) for content in answer["content"].values())


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_example_of_a_property_is_valid(name: str):
    around = dict(nodes(SCHEMAS[name]))
    for path, node in around.items():
        if path.endswith("/examples"):
            for example in node:
                assert validator(around[path.removesuffix("/examples")]).is_valid(example), path


def test_every_reference_leads_somewhere_and_every_schema_is_needed():
    referred: set[str] = set()
    for path, node in nodes(DOCUMENT):
        if path.endswith("/$ref"):
            target: Any = DOCUMENT
            for part in node.removeprefix("#/").split("/"):
                target = target[part]
            referred.add(node.rsplit("/", 1)[1])
    assert referred == SCHEMAS.keys()


async def test_every_example_can_be_sent(api: AsyncClient):
    ids, refused = await furnish(api)
    assert not refused
    assert ids


async def test_the_document_holds_nothing_that_people_have_written(
    api: AsyncClient, given: Given, callers: Callers
):
    await given.a_field("secret_project_code", group="Zugspitze")
    await given.a_client("Zugspitze GmbH")
    served = await callers.nobody().get("http://test/openapi.json")
    assert served.json() == DOCUMENT
    assert "Zugspitze" not in served.text
    assert "secret_project_code" not in served.text
    assert api


def test_two_processes_give_the_same_document():
    program = "import sys; sys.path.insert(0, 'tests'); import document, json; "
    program += "print(json.dumps(document.DOCUMENT))"
    documents = {
        subprocess.run(  # noqa: S603 - this very interpreter
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert documents == {json.dumps(DOCUMENT)}


@pytest.mark.parametrize("page", ["/docs", "/redoc"])
async def test_the_pages_need_nothing_from_elsewhere(callers: Callers, page: str):
    nobody = callers.nobody()
    answer = await nobody.get(f"http://test{page}")
    html = answer.text
    referred = re.findall(r"""(?:src|href|url)\s*[=:]\s*["']([^"']+)["']""", html)
    referred += re.findall(r"""spec-url=["']([^"']+)["']""", html)
    assert "/openapi.json" in referred
    assert len(referred) >= 3
    for address in referred:
        assert address.startswith("/"), address
        asset = await nobody.get(f"http://test{address}")
        assert asset.status_code == 200, address
        assert asset.content
    assert not re.findall(r"https?://", html)
    # What the scripts ask for by themselves, as Redoc does for its logo, the browser refuses.
    policy = answer.headers["content-security-policy"]
    for directive in policy.split("; "):
        assert {*directive.split()[1:]} <= {
            "'self'", "'none'", "data:", "blob:", "'unsafe-inline'",
        }  # fmt: skip
    assert "default-src 'self'" in policy
    assert "script-src 'self';" in policy


def test_schemas_refuse_what_they_do_not_know():
    for operation in EVERY:
        if operation.body:
            assert resolved(operation.body)["additionalProperties"] is False

"""What the OpenAPI document says there is, so that tests about all of it need no list."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from httpx import AsyncClient
from pydantic import JsonValue

from callers import BASE
from timetracker_api.api import PREFIX
from timetracker_api.app import create_app
from timetracker_api.settings import Settings

JSON = "application/json"

DOCUMENT: dict[str, Any] = create_app(
    Settings(_env_file=None)  # pyright: ignore[reportCallIssue] - an argument of pydantic-settings
).openapi()
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    method: str
    path: str
    definition: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What it is called: the name of its function."""
        return self.definition["operationId"]

    @property
    def example(self) -> Any:
        """The example of its request body, if it takes one."""
        return self.definition["requestBody"]["content"][JSON]["example"] if self.body else None

    @property
    def body(self) -> Mapping[str, Any]:
        """The schema of its request body; empty where it takes none."""
        content = self.definition.get("requestBody", {}).get("content", {})
        return resolved(content.get(JSON, {}).get("schema", {}))

    @property
    def answer(self) -> Mapping[str, Any]:
        """The schema of its answer in JSON; empty where there is none."""
        for status, response in self.definition["responses"].items():
            if status.startswith("2"):
                return resolved(response.get("content", {}).get(JSON, {}).get("schema", {}))
        raise AssertionError(self.name)

    @property
    def is_list(self) -> bool:
        """Whether the answer is a list that is read page by page."""
        return self.method == "GET" and "items" in self.answer.get("properties", {})

    @property
    def noun(self) -> str:
        """What it is about in the singular: ``time_entry`` for ``/time-entries/{id}``."""
        return singular(self.path.removeprefix(PREFIX).split("/")[1])

    def parameters(self, place: str) -> Sequence[Mapping[str, Any]]:
        """Return its parameters that stand in the path, the query or the header."""
        return [each for each in self.definition.get("parameters", ()) if each["in"] == place]

    def address(self, **values: object) -> str:
        """Return its address with these values, or their examples."""
        known = {each["name"]: sample(each) for each in self.parameters("path")} | values
        host = BASE.removesuffix(PREFIX)
        return host + re.sub(r"{(\w+)}", lambda found: str(known[found[1]]), self.path)


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema that is meant; of several the first, which it usually is."""
    schema = schema.get("anyOf", [schema])[0]
    return SCHEMAS[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema


def sample(parameter: Mapping[str, Any]) -> Any:
    """Return an example of a parameter."""
    schema = resolved(parameter["schema"])
    return parameter.get("example") or (schema.get("examples") or schema.get("enum") or [1])[0]


def singular(segment: str) -> str:
    """Return the name of one: ``time_entry`` for ``time-entries``."""
    return re.sub(r"ies$", "y", segment.replace("-", "_")).removesuffix("s")


def operations() -> Iterator[Operation]:
    """Go through everything the API can do."""
    for path, methods in DOCUMENT["paths"].items():
        for method, definition in methods.items():
            yield Operation(method.upper(), path, definition)


EVERY = list(operations())
TAKING_BODIES = [each for each in EVERY if each.body]


async def furnish(api: AsyncClient) -> tuple[dict[str, int], dict[str, str]]:
    """Create one record of every noun from the example in the document.

    What an example refers to is replaced by what was created, which may take several rounds.
    Return the ids, and the answers to what was refused in the last round.
    """
    me = (await api.get("/users/me")).json()["id"]
    ids: dict[str, int] = {}
    waiting = [each for each in EVERY if each.method == "POST" and _creates(each)]
    refused: dict[str, str] = {}
    before = None
    while waiting and refused != before:
        before, refused = refused, {}
        for operation in waiting:
            body = referring(operation.example, ids, me)
            response = await api.post(operation.address(), json=body)
            if response.status_code == 201:
                ids[operation.noun] = response.json()["id"]
                if operation.name == "create_invoice":
                    ids["line"] = await _issue(api, ids["invoice"])
            else:
                refused[operation.name] = response.json()["errors"] or response.text
        waiting = [each for each in waiting if each.name in refused]
    return ids, refused


async def _issue(api: AsyncClient, id: int) -> int:
    """Issue an invoice with a line, which is returned: nothing can be paid before that."""
    writing, issuing = (
        next(each for each in EVERY if each.name == name)
        for name in ("create_invoice_line", "issue_invoice")
    )
    line = await api.post(writing.address(id=id), json=writing.example)
    issued = await api.post(issuing.address(id=id))
    assert issued.is_success, issued.text
    return line.json()["id"]


def _creates(operation: Operation) -> bool:
    return (
        f"{operation.path}/{{id}}" in DOCUMENT["paths"]
        and "201" in operation.definition["responses"]
    )


def referring(example: JsonValue, ids: Mapping[str, int], user: int) -> Any:
    """Return an example that refers to what is there; to nothing where that is not there yet."""
    if isinstance(example, list):
        return [referring(each, ids, user) for each in example]
    if not isinstance(example, dict):
        return example
    known = {"assignee": user, "user": user} | dict(ids)
    referred: dict[str, Any] = {}
    for name, value in example.items():
        if not name.endswith("_id"):
            referred[name] = referring(value, ids, user)
        elif (noun := name.removesuffix("_id")) in known:
            referred[name] = known[noun]
    return referred

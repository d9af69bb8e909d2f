"""The OpenAPI document with the custom fields that are defined here, as the caller knows them.

The static document is the same everywhere, and holds no text of anybody's. This is a copy of it:
`app.openapi()` belongs to all callers.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, FastAPI, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.principal import identify
from timetracker_api.auth.scopes import Scope
from timetracker_api.custom_fields.finding.operators import EQUAL
from timetracker_api.custom_fields.finding.sort_parameter import PREFIX
from timetracker_api.custom_fields.forms import documents
from timetracker_api.custom_fields.forms.harmless import harmless
from timetracker_api.custom_fields.forms.json_schema import Purpose, json_schema
from timetracker_api.custom_fields.models import entities_with_custom_fields
from timetracker_api.custom_fields.registry import Fields, fields_of
from timetracker_api.db.session import Reading
from timetracker_api.web import caching
from timetracker_api.web.openapi import example

Node = dict[str, Any]

MEMBER = "custom_fields"
Use = Purpose | Literal["start"]
ENDINGS: Mapping[str, Use] = {"Create": "create", "Update": "update", "Read": "read"}
STARTING = "Timer"
"""How the bodies that start time entries begin; what is mandatory can be given later."""

IS_SET = "is_set"
MEANINGS: Mapping[str, str] = {
    EQUAL: "has this value",
    "ne": "has another value, or none",
    "in": "has one of these values, separated by commas",
    "gt": "is greater",
    "gte": "is greater or equal",
    "lt": "is less",
    "lte": "is less or equal",
    "contains": "contains this, whatever the case",
    "starts_with": "begins with this, whatever the case",
    IS_SET: "has a value at all",
}
"""What each operator asks."""

router = APIRouter(include_in_schema=False)


async def live_document(session: AsyncSession, document: Node) -> Node:
    """Return a document that types the custom fields of every body and answer."""
    fields = {name: await fields_of(session, name) for name in entities_with_custom_fields()}
    return overlaid(document, fields)


def overlaid(document: Node, fields: Mapping[str, Fields]) -> Node:
    """Return a copy of a document with these fields, by entity type."""
    copy: Node = orjson.loads(orjson.dumps(document))
    schemas: Node = copy["components"]["schemas"]
    for name, schema in list(schemas.items()):
        # Limits have a member of this name too, which is an object that has a schema already.
        if "$ref" not in schema.get("properties", {}).get(MEMBER, {"$ref": ""}):
            entity_type, use = _meant(name, fields)
            component = f"{_capitalized(entity_type)}CustomFields{use.capitalize()}"
            if component not in schemas:
                schemas[component] = _component(fields[entity_type], entity_type, use)
            _refer(schema, component, schemas[component])
    for operation in _operations(copy):
        _describe_filters(operation, schemas, fields)
        _write_examples(operation, schemas)
    return copy


def _meant(name: str, fields: Mapping[str, Fields]) -> tuple[str, Use]:
    """Say whose custom fields a schema has, and what for."""
    for entity_type in fields:
        for ending, use in ENDINGS.items():
            if name == _capitalized(entity_type) + ending:
                return entity_type, use
    if name.startswith(STARTING):
        return "time_entry", "start"
    raise LookupError(name)


def _capitalized(entity_type: str) -> str:
    return "".join(word.capitalize() for word in entity_type.split("_"))


def _component(fields: Fields, entity_type: str, use: Use) -> Node:
    purpose: Purpose = "create" if use == "start" else use
    component = json_schema(fields, entity_type, purpose, copied=True)
    component["description"] = f"{component['title']}, as defined here."
    if use == "start":
        del component["required"]
    sample = {
        key: each["examples"][0]
        for key, each in component["properties"].items()
        if "examples" in each and not each.get("readOnly", False)
    }
    return component | {"examples": [sample]}


def _refer(schema: Node, component: str, typed: Node) -> None:
    """Put the typed object where any was allowed. What must be in it makes it needed itself."""
    description = schema["properties"][MEMBER]["description"]
    schema["properties"][MEMBER] = {
        "$ref": f"#/components/schemas/{component}",
        "description": description,
    }
    required = schema.get("required", [])
    if typed.get("required") and MEMBER not in required:
        schema["required"] = [*required, MEMBER]


def _operations(document: Node) -> Iterator[Node]:
    for methods in document["paths"].values():
        yield from methods.values()


def _describe_filters(operation: Node, schemas: Node, fields: Mapping[str, Fields]) -> None:
    """Name the parameters of a list that depend on what is defined."""
    answer = _of(operation["responses"].get("200", {}), schemas)
    shown = answer.get("properties", {}).get("items", {}).get("items", {}).get("$ref", "")
    for entity_type, ours in fields.items():
        if shown.rpartition("/")[2] == f"{_capitalized(entity_type)}Read":
            operation["parameters"] += _parameters(ours)


def _of(answer: Node, schemas: Node) -> Node:
    schema: Node = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return schemas.get(schema.get("$ref", "").rpartition("/")[2], {})


def _parameters(fields: Fields) -> Iterator[Node]:
    for key, validator in fields.active.items():
        for operator in validator.kind.operators:
            yield {
                "name": PREFIX + key if operator == EQUAL else f"{PREFIX}{key}.{operator}",
                "in": "query",
                "required": False,
                "schema": {"type": "boolean" if operator == IS_SET else "string"},
                "description": f"{harmless(validator.definition.label)}: {MEANINGS[operator]}.",
            }


def _write_examples(operation: Node, schemas: Node) -> None:
    """Compose the examples anew: those of the static document have fields of their own."""
    bodies = (operation.get("requestBody", {}), *operation["responses"].values())
    for body in bodies:
        media: Node = body.get("content", {}).get("application/json", {})
        if MEMBER in str(media.get("example")):
            media["example"] = example(media["schema"], schemas)


async def answered(
    app: FastAPI, session: AsyncSession, root_path: str, if_none_match: str | None, *, live: bool
) -> Response:
    """Answer with the static document, or with the one for the caller."""

    async def write() -> Node:
        return _below(root_path, await live_document(session, app.openapi()))

    if live:
        return await documents.answered(session, f"openapi {root_path}", if_none_match, write)
    body = orjson.dumps(_below(root_path, app.openapi()))
    response = Response(body, media_type="application/json")
    return caching.tagged(response, app.version, if_none_match)


def _below(root_path: str, document: Node) -> Node:
    """Say where the API is, where that is not at the root of its host."""
    return {**document, "servers": [{"url": root_path}]} if root_path else document


@router.get("/openapi.json")
async def show_document(
    request: Request,
    session: Reading,
    *,
    live: Annotated[bool, Query()] = False,
    if_none_match: caching.IfNoneMatch = None,
) -> Response:
    """The OpenAPI document; with ``live``, with the custom fields that the caller knows."""
    if live:
        await identify(request, Scope.CUSTOM_FIELDS_READ)
    root_path = request.scope.get("root_path", "").rstrip("/")
    response = await answered(request.app, session, root_path, if_none_match, live=live)
    response.headers["Cache-Control"] = "private, no-cache" if live else "no-cache"
    return response

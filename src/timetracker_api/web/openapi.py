"""What the OpenAPI document says beyond what FastAPI finds out by itself."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from timetracker_api.problems import ProblemDetails

Node = dict[str, Any]

DESCRIPTION = """\
Time tracking as an API. A custom field is defined once, and every record is checked against it on
every way in; values become links.

Sign in with `POST /api/v1/sessions`, and send the token with every request:
`Authorization: Bearer tt_...`. Every error is an `application/problem+json` document whose `errors`
point to the input at fault. A `POST` with an `Idempotency-Key` is carried out once, however often
it is sent. `ETag`, `If-Match` and `If-None-Match` work on every single record.
"""

SAMPLES: Mapping[str, Any] = {
    "date-time": "2026-11-22T09:30:00Z",
    "date": "2026-11-22",
    "integer": 1,
    "number": 1,
    "boolean": False,
    "string": "text",
    "null": None,
}
"""Examples for fields whose type says it all."""


def complete(document: Node) -> None:
    """Add the schema of problems, and an example to every body."""
    schemas: Node = document["components"]["schemas"]
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for media in _bodies(document):
        if "example" not in media and "schema" in media:
            media["example"] = example(media["schema"], schemas)


def _bodies(document: Node) -> Iterator[Node]:
    for operations in document["paths"].values():
        for operation in operations.values():
            if body := operation.get("requestBody"):
                yield from body["content"].values()
            for response in operation["responses"].values():
                yield from response.get("content", {}).values()


def example(schema: Node, schemas: Node) -> Any:  # noqa: PLR0911 - one per form a schema has
    """Compose an example from those of the fields."""
    if examples := schema.get("examples"):
        return examples[0]
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    for constant in ("const", "default"):
        if constant in schema:
            return schema[constant]
    if "enum" in schema:
        return schema["enum"][0]
    for members in ("anyOf", "oneOf", "allOf"):
        if members in schema:
            return example(schema[members][0], schemas)
    if schema.get("type") == "array":
        return [example(schema["items"], schemas)]
    if schema.get("type") == "object":
        fields = cast(Node, schema.get("properties", {}))
        return {name: example(field, schemas) for name, field in fields.items()}
    return SAMPLES.get(schema.get("format", ""), SAMPLES.get(schema.get("type", "")))

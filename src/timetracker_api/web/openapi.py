"""What the OpenAPI document says beyond what FastAPI finds out by itself."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from timetracker_api.auth.principal import API_KEY
from timetracker_api.problems import ProblemDetails
from timetracker_api.schema import LARGEST_ID

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


RECORD = {"id", "updated_at"}
"""The members by which one knows an answer that is a record."""

IF_NONE_MATCH: Node = {
    "name": "if-none-match",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "title": "If-None-Match"},
    "description": "An `ETag` you have seen: the answer is 304 when nothing has changed since.",
}
ETAG = "Changes whenever the answer does. For `If-None-Match` and `If-Match`."
LOCATION = "The address of what was created."
LINK = 'Where the next page is: `<...>; rel="next"`. Not on the last one.'
RETRY_AFTER = "After how many seconds to try again."
RATE_LIMIT = "Which limit was reached, what remains of it (`r`), and for how many seconds (`t`)."


API_KEY_SCHEME: Node = {
    "type": "apiKey",
    "in": "header",
    "name": API_KEY,
    "description": "The same token, for clients that cannot set `Authorization`.",
}


def complete(document: Node) -> None:
    """Add the schema of problems, the headers, and an example to every body."""
    schemas: Node = document["components"]["schemas"]
    problem = ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemDetails"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _write_integers_as_integers(document)
    document["components"]["securitySchemes"]["API key"] = API_KEY_SCHEME
    for operations in document["paths"].values():
        for method, operation in operations.items():
            _add_headers(method, operation, schemas)
            if operation.get("security"):
                [[scopes]] = [each.values() for each in operation["security"]]
                operation["security"].append({"API key": scopes})
    for media in _bodies(document):
        if "example" not in media and "schema" in media:
            media["example"] = example(media["schema"], schemas)


def _write_integers_as_integers(node: Any) -> None:
    """FastAPI writes the limits inside of unions as floats, and so promises 2**63."""
    if isinstance(node, list):
        for each in cast(list[Any], node):
            _write_integers_as_integers(each)
    elif isinstance(node, dict):
        members = cast(Node, node)
        for limit in ("minimum", "maximum") if members.get("type") == "integer" else ():
            if limit in members:
                members[limit] = min(int(members[limit]), LARGEST_ID)
        for each in members.values():
            _write_integers_as_integers(each)


def _add_headers(method: str, operation: Node, schemas: Node) -> None:
    responses: Node = operation["responses"]
    for status in ("200", "201"):
        members = _members(responses.get(status, {}), schemas)
        if members >= RECORD:
            _add_header(responses[status], "ETag", ETAG)
            if status == "201":
                _add_header(responses[status], "Location", LOCATION)
            if method == "get":
                operation.setdefault("parameters", []).append(IF_NONE_MATCH)
                responses["304"] = {"description": "Nothing has changed"}
                _add_header(responses["304"], "ETag", ETAG)
        elif "items" in members and members & {"total", "next"}:
            _add_header(responses[status], "Link", LINK)
    for status in {"429", "503"} & responses.keys():
        _add_header(responses[status], "Retry-After", RETRY_AFTER)
    if "429" in responses:
        _add_header(responses["429"], "RateLimit", RATE_LIMIT)


def _members(response: Node, schemas: Node) -> set[str]:
    schema: Node = response.get("content", {}).get("application/json", {}).get("schema", {})
    schema = schema.get("anyOf", [schema])[0]  # what it usually is
    name = schema.get("$ref", "").rsplit("/", 1)[-1]
    return set(schemas.get(name, {}).get("properties", {}))


def _add_header(response: Node, name: str, description: str) -> None:
    header = {"description": description, "schema": {"type": "string"}}
    response.setdefault("headers", {})[name] = header


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

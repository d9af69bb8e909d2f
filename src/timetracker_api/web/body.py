"""Reading a JSON body without guessing."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from pydantic import JsonValue
from starlette.requests import Request

from timetracker_api.problems import MalformedBody, UnsupportedMediaType

DEEPEST = 32
"""Levels of nesting; what we accept needs four."""


class StrictRequest(Request):
    """A request whose JSON two readers cannot understand differently."""

    async def json(self) -> Any:
        """Parse the body; raise `MalformedBody` for what RFC 8259 leaves to chance."""
        body = await self.body()
        try:
            parsed = json.loads(body, object_pairs_hook=_object, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise MalformedBody(_sentence(error)) from None
        if body.count(b"[") + body.count(b"{") > DEEPEST:
            _refuse_depth(parsed)
        return parsed


async def require_json(request: Request) -> None:
    """Raise `UnsupportedMediaType` for a body that does not say it is JSON."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "application/json" or content_type.endswith("+json"):
        return
    if content_type or await request.body():
        raise UnsupportedMediaType("Send Content-Type: application/json.")


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    parsed = dict(pairs)
    if len(parsed) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedBody(f"The name {json.dumps(twice)} occurs twice in one object.")
    return parsed


def _no_constant(constant: str) -> NoReturn:
    raise MalformedBody(f"{constant} is not JSON.")


def _sentence(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"Not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
    if isinstance(error, UnicodeDecodeError):
        return "Not JSON: the body is not UTF-8."
    if isinstance(error, RecursionError):
        return f"Nested more than {DEEPEST} levels deep."
    return "Not JSON that can be read: a number in it is too long."


def _refuse_depth(parsed: JsonValue) -> None:
    level = [parsed]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise MalformedBody(f"Nested more than {DEEPEST} levels deep.")


def _inside(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []

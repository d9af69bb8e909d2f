"""Reading a JSON body: not too long, and without guessing."""

import json
from collections.abc import Iterator, Sequence
from math import isfinite
from typing import Any, NoReturn

from pydantic import JsonValue
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from timetracker_api.problems import (
    BodyTooLarge,
    Fault,
    Invalid,
    MalformedBody,
    UnsupportedMediaType,
    pointer,
)
from timetracker_api.web.errors import respond

DEEPEST = 32
"""Levels of nesting; what we accept needs four."""

EXACT = 2**53


class BodyLimit:
    """Refuses a body that says it is too large, before anything is done with it.

    FastAPI's own limit covers bodies without a length, but it acts only when a body is read. Where
    none is, it refuses what has been carried out by then, and in plain text.
    """

    def __init__(self, app: ASGIApp, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            length = Headers(scope=scope).get("content-length", "")
            if length.isdecimal() and int(length[:20]) > self.most:
                problem = BodyTooLarge(f"At most {self.most} bytes are accepted.")
                await respond(Request(scope), problem)(scope, receive, send)
                return
        await self.app(scope, receive, send)


class StrictRequest(Request):
    """A request whose JSON two readers cannot understand differently."""

    async def json(self) -> Any:
        """Parse the body; raise `MalformedBody` for what RFC 8259 leaves to chance."""
        body = await self.body()
        try:
            # From text: given bytes, the parser would accept UTF-16, and halves of characters.
            parsed = json.loads(
                body.decode(),
                object_pairs_hook=_object,
                parse_constant=_no_constant,
                parse_float=_float,
            )
        except (ValueError, RecursionError) as error:
            raise MalformedBody(_sentence(error)) from None
        if body.count(b"[") + body.count(b"{") > DEEPEST:
            _refuse_depth(parsed)
        if b"\\u" in body and (halves := list(_halves(parsed))):
            raise Invalid(*halves)
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


def _float(text: str) -> float | int:
    number = float(text)
    if not isfinite(number):
        raise MalformedBody("A number in it is too large.")
    # To JSON Schema 1.0 is an integer; beyond 2**53 a float no longer says which one.
    return int(number) if number.is_integer() and abs(number) < EXACT else number


def _sentence(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        message = error.msg.partition(" (")[0]
        return f"Not JSON: {message} at line {error.lineno}, column {error.colno}."
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


def _halves(value: JsonValue, *path: str | int) -> Iterator[Fault]:
    """Find escapes that stand for half a character, which nothing can store."""
    if isinstance(value, str):
        if not _is_text(value):
            yield _half(*path)
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _halves(inner, *path, position)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if _is_text(name):
                yield from _halves(inner, *path, name)
            else:
                yield _half(*path)  # the name itself cannot be written down


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _half(*path: str | int) -> Fault:
    message = "Must not contain one half of a surrogate pair."
    return Fault(pointer=pointer(*path), code="control_characters", message=message)

"""Whatever goes wrong, the answer is a problem: ours, the framework's, the database's."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from traceback import walk_tb
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import JsonValue
from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.responses import Response as PlainResponse
from starlette.routing import Match

from timetracker_api.codes import code_of
from timetracker_api.db.conflicts import violation
from timetracker_api.db.failing import UNREACHABLE
from timetracker_api.db.session import request_context
from timetracker_api.problems import (
    BodyTooLarge,
    Conflict,
    Fault,
    InternalError,
    InUse,
    Invalid,
    MalformedBody,
    MethodNotAllowed,
    NotFound,
    NotUnique,
    Problem,
    Unavailable,
    pointer,
)
from timetracker_api.web.idempotency import Answered
from timetracker_api.web.observability import log
from timetracker_api.web.sentences import Sentences

BY_STATUS: Mapping[int, type[Problem]] = {
    kind.status: kind for kind in (MalformedBody, NotFound, MethodNotAllowed, BodyTooLarge)
}

NOTHING_HERE = "There is nothing at this address."

TRANSIENT = (
    "08",  # the connection, or a pooler in its way
    "28",  # not let in
    "3D000",  # no such database
    "40001",  # serialization failure
    "40P01",  # deadlock
    "53",  # no connection, memory or disk left
    "55P03",  # lock timeout
    "57",  # cancelled, shutting down, starting up
)
"""PostgreSQL's codes, or what they begin with."""

MISSING_STATES = frozenset({"42P01", "42703"})
MISSING = ("no such table", "no such column")
"""How the databases say that something is not there which a migration adds."""


TAG_FAULTS = frozenset({"union_tag_invalid", "union_tag_not_found"})
"""Errors that Pydantic gives the place of the object, and not of the member that tells its kind."""


def install(app: FastAPI) -> None:
    """Have the application answer every exception with a problem."""

    def answer(kinds: tuple[type[Exception], ...], translate: Callable[[Any], Problem]) -> None:
        async def handle(request: Request, error: Exception) -> Response:
            return respond(request, translate(error))

        for kind in kinds:
            app.add_exception_handler(kind, handle)

    answer((Problem,), lambda problem: problem)
    answer(UNREACHABLE, _unavailable)
    answer((exc.DBAPIError,), problem_of)
    answer((StaleDataError,), lambda _: Conflict("Somebody else changed it at the same time."))
    answer((Exception,), lambda _: InternalError("The log has the rest under this request id."))

    async def from_framework(request: Request, error: Exception) -> Response:
        return respond(request, _from_framework(request, error))

    app.add_exception_handler(HTTPException, from_framework)

    async def from_validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - for the type checker
        found = faults(error.errors(), error.body, _type_of_body(request))
        return respond(request, Invalid(*found))

    app.add_exception_handler(RequestValidationError, from_validation)

    async def replay(_request: Request, answered: Exception) -> Response:
        return answered.response if isinstance(answered, Answered) else Response()

    app.add_exception_handler(Answered, replay)


def respond(request: Request, problem: Problem) -> Response:
    """Return a problem in the face that all of them have."""
    details = problem.details(request_context(request).request_id)
    return PlainResponse(
        details.model_dump_json(exclude_none=True),
        problem.status,
        problem.headers,
        media_type="application/problem+json",
    )


def _methods_at(request: Request, path: str) -> Sequence[str]:
    """Return the methods an address has: each is a route of its own, and names only itself."""
    scope = {**request.scope, "path": path}
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        if route.methods and route.matches(scope)[0] is not Match.NONE:
            methods |= route.methods
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def _not_allowed(request: Request) -> Problem:
    # What no route has is one of the files that come with the documentation.
    allowed = ", ".join(_methods_at(request, request.scope["path"]) or ("GET", "HEAD"))
    return MethodNotAllowed(f"This address has {allowed}.", headers={"Allow": allowed})


def _not_found(request: Request) -> Problem:
    shorter = request.scope["path"].rstrip("/")
    if shorter != request.scope["path"] and _methods_at(request, shorter):
        return NotFound(f"{NOTHING_HERE} Without the slash at its end there is.")
    return NotFound(NOTHING_HERE)


def _from_framework(request: Request, error: Exception) -> Problem:
    if isinstance(error.__cause__, Problem):
        return error.__cause__  # FastAPI wraps whatever is raised while it reads a body
    if not isinstance(error, HTTPException):
        return InternalError()
    kind = BY_STATUS.get(error.status_code, InternalError)
    if kind is NotFound:
        return _not_found(request)
    return _not_allowed(request) if kind is MethodNotAllowed else kind(headers=error.headers)


def _unavailable(error: Exception) -> Problem:
    reason = getattr(error, "orig", None) or error
    missing = getattr(reason, "sqlstate", None) in MISSING_STATES or any(
        words in str(reason) for words in MISSING
    )
    if not missing and getattr(reason, "sqlite_errorname", None) == "SQLITE_ERROR":
        raise error  # SQLite says "operational" of mistakes in a statement, too
    log.warning(
        "database unavailable",
        reason=f"{type(reason).__name__}: {reason}",
        exc_info=None if _is_of_the_driver(error) else error,
    )
    if missing:
        return Unavailable("The database has not been migrated; `/health/ready` says more.")
    return Unavailable("The database cannot be reached or is busy.")


def _is_of_the_driver(error: Exception) -> bool:
    """Whether it is about the database: other files and connections fail with an OSError, too."""
    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return not isinstance(error, OSError) or any(each.startswith("asyncpg.") for each in modules)


def problem_of(error: exc.DBAPIError) -> Problem:
    """Say what an error of the database means to the client."""
    if isinstance(error, exc.IntegrityError):
        return _from_constraint(error)
    state = getattr(error.orig, "sqlstate", None) or ""
    if (
        isinstance(error, exc.OperationalError | exc.InterfaceError)
        or error.connection_invalidated
        or state in MISSING_STATES
        or state.startswith(TRANSIENT)
    ):
        return _unavailable(error)
    if isinstance(error, exc.DataError):
        return Invalid(detail="A value is beyond what the database can hold.")
    raise error  # a mistake of ours, which is answered and logged as all of them are


def _from_constraint(error: exc.IntegrityError) -> Problem:
    """No endpoint asks first whether a name is free: the constraint answers, without a race."""
    broken = violation(error)
    if broken.kind == "unique":
        return NotUnique(
            None,
            *(
                Fault(pointer=f"/{field}", code="not_unique", message="That is taken already.")
                for field in broken.fields
            ),
        )
    if broken.kind == "reference":
        return InUse("Other records refer to it, or it refers to one that is gone.")
    return Conflict("A rule of the database forbids it.")


def faults(
    errors: Iterable[Mapping[str, Any]], body: JsonValue = None, read_as: Any = None
) -> list[Fault]:
    """Say what FastAPI found wrong with a request; each ``loc`` begins with its source.

    ``read_as`` is the type of the body. A value that fits no member of a union is one fault, not
    one per member.
    """
    sentences = Sentences(read_as)
    found: dict[tuple[str, str], Fault] = {}
    for error in errors:
        source, *path = error["loc"]
        if error["type"] in TAG_FAULTS:
            path.append(error["ctx"]["discriminator"].strip("'"))
        if source == "body":
            path = _inside(body, path, missing=code_of(error["type"]) == "required")
        at = pointer(*path)
        found.setdefault(
            (source, at),
            Fault(
                pointer=at,
                source=source,
                code=code_of(error["type"]),
                message=sentences.of(error),
            ),
        )
    return list(found.values())


def _type_of_body(request: Request) -> Any:
    field = getattr(request.scope.get("route"), "body_field", None)
    return field and field.field_info.annotation


def _inside(body: JsonValue, path: Sequence[str | int], *, missing: bool) -> list[str | int]:
    """Keep what a client can follow; the rest of a ``loc`` names members of unions."""
    kept: list[str | int] = []
    for part in path[:-1] if missing else path:
        members: dict[Any, JsonValue] = {}
        if isinstance(body, dict | list):
            members = dict(enumerate(body)) if isinstance(body, list) else {**body}
        if part in members:
            body = members[part]
            kept.append(part)
    return [*kept, path[-1]] if missing and path else kept

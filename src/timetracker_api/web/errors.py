"""Whatever goes wrong, the answer is a problem: ours, the framework's, the database's."""

from collections.abc import Callable, Mapping
from typing import Any

import asyncpg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy import exc
from starlette.exceptions import HTTPException
from starlette.responses import Response as PlainResponse

from timetracker_api.db.conflicts import violation
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
    faults,
)
from timetracker_api.web.idempotency import Answered

UNAVAILABLE = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.TimeoutError,
    asyncpg.PostgresError,  # while connecting, the driver's errors come unwrapped
    ConnectionError,
    TimeoutError,
    OSError,
)

BY_STATUS: Mapping[int, type[Problem]] = {
    kind.status: kind for kind in (MalformedBody, NotFound, MethodNotAllowed, BodyTooLarge)
}

DETAILS: Mapping[type[Problem], str] = {
    NotFound: "There is nothing at this address.",
    MethodNotAllowed: "This address does not have that method.",
}

TRANSIENT = frozenset(
    {
        "40001",  # serialization failure
        "40P01",  # deadlock
        "55P03",  # lock timeout
        "57014",  # cancelled
        "42P01",  # a table is missing: not migrated yet
        "42703",  # a column is missing
    }
)


def install(app: FastAPI) -> None:
    """Have the application answer every exception with a problem."""

    def answer(kinds: tuple[type[Exception], ...], translate: Callable[[Any], Problem]) -> None:
        async def handle(request: Request, error: Exception) -> Response:
            return respond(request, translate(error))

        for kind in kinds:
            app.add_exception_handler(kind, handle)

    answer((Problem,), lambda problem: problem)
    answer((RequestValidationError,), lambda error: Invalid(*faults(error.errors())))
    answer((HTTPException,), _from_framework)
    answer(UNAVAILABLE, lambda _: Unavailable("The database cannot be reached or is busy."))
    answer((exc.DBAPIError,), _from_database)
    answer((exc.IntegrityError,), _from_constraint)
    answer((Exception,), lambda _: InternalError("The log has the rest under this request id."))

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


def _from_framework(error: HTTPException) -> Problem:
    kind = BY_STATUS.get(error.status_code, InternalError)
    return kind(DETAILS.get(kind), headers=error.headers)


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


def _from_database(error: exc.DBAPIError) -> Problem:
    if error.connection_invalidated or getattr(error.orig, "sqlstate", None) in TRANSIENT:
        return Unavailable("The database cannot be reached or is busy.")
    if isinstance(error, exc.DataError):
        return Invalid(detail="A value is beyond what the database can hold.")
    return InternalError("The log has the rest under this request id.")

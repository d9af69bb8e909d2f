"""Many changes at once, by the same rules as single ones."""

from typing import Annotated, Literal

from fastapi import Response, status
from pydantic import MISSING, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.problems import Fault, Invalid, Problem, ProblemDetails, pointer
from timetracker_api.schema import Body, IdOf, Schema
from timetracker_api.time_entries import service
from timetracker_api.time_entries.schemas import TimeEntryCreate, TimeEntryRead, TimeEntryUpdate
from timetracker_api.web.errors import problem_of


class Create(Body):
    """Record time that was spent."""

    op: Literal["create"]
    """What to do."""
    data: TimeEntryCreate
    """The entry."""


class Update(Body):
    """Change an entry."""

    op: Literal["update"]
    """What to do."""
    id: IdOf
    """The entry."""
    data: TimeEntryUpdate
    """The fields to change."""


class Delete(Body):
    """Delete an entry."""

    op: Literal["delete"]
    """What to do."""
    id: IdOf
    """The entry."""


Operation = Annotated[Create | Update | Delete, Field(discriminator="op")]


class Bulk(Body):
    """Many changes."""

    mode: Literal["atomic", "partial"] = "atomic"
    """`atomic` for all or nothing, `partial` for whatever is possible."""
    operations: Annotated[
        list[Operation],
        Field(min_length=1, max_length=500, examples=[[{"op": "delete", "id": 41}]]),
    ]
    """What to do, in this order."""


class Result(Schema):
    """What came of one operation."""

    index: Annotated[int, Field(examples=[0])]
    """Which operation it was, counted from 0."""
    status: Annotated[int, Field(examples=[204])]
    """The HTTP status it would have had by itself."""
    entry: TimeEntryRead | MISSING = MISSING
    """The entry as it is now."""
    problem: ProblemDetails | MISSING = MISSING
    """Why it was not done."""


class BulkOutcome(Schema):
    """What came of all operations."""

    results: list[Result]
    """One for each operation, in their order."""


async def carry_out(session: AsyncSession, data: Bulk, response: Response) -> Values:
    """Do everything, or say of each operation why it cannot be done.

    What all of them are about is held first. An operation that is refused has changed nothing,
    so the rest can go on; and what is not refused is written for many at once.
    """
    held = await hold(session, changes := [_change(each) for each in data.operations])
    done: list[Written | Problem | None] = []
    for operation, (id, values) in zip(data.operations, changes, strict=True):
        try:
            if isinstance(operation, Create):
                done.append(await service.add(session, held, values))
            elif isinstance(operation, Update):
                done.append(await service.change(session, held, held.entry(operation.id), values))
            else:
                await service.remove(session, held, held.entry(operation.id))
                done.append(None)
        except Problem as problem:
            done.append(problem)
    problems = {index: each for index, each in enumerate(done) if isinstance(each, Problem)}
    if data.mode == "partial":
        response.status_code = status.HTTP_207_MULTI_STATUS
    elif problems:
        raise _together(problems)
    ...



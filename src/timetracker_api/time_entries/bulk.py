"""Many changes at once, by the same rules as single ones."""

from collections.abc import Mapping
from copy import copy
from typing import Annotated, Literal

from fastapi import Response, status
from pydantic import MISSING, Field
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.problems import Fault, Invalid, Problem, ProblemDetails, pointer
from timetracker_api.schema import Body, IdOf, Schema
from timetracker_api.time_entries import service
from timetracker_api.time_entries.held import Change, Held, hold
from timetracker_api.time_entries.schemas import TimeEntryCreate, TimeEntryRead, TimeEntryUpdate
from timetracker_api.time_entries.service import Written

MOST_OPERATIONS = 500


class BulkCreate(Body):
    """Record time that was spent."""

    op: Literal["create"]
    """What to do."""
    data: TimeEntryCreate
    """The entry."""


class BulkUpdate(Body):
    """Change an entry."""

    op: Literal["update"]
    """What to do."""
    id: IdOf
    """The entry."""
    data: TimeEntryUpdate
    """The fields to change."""


class BulkDelete(Body):
    """Delete an entry."""

    op: Literal["delete"]
    """What to do."""
    id: IdOf
    """The entry."""


Operation = Annotated[BulkCreate | BulkUpdate | BulkDelete, Field(discriminator="op")]


class Bulk(Body):
    """Many changes."""

    mode: Literal["atomic", "partial"] = "atomic"
    """`atomic` for all or nothing, `partial` for whatever is possible."""
    operations: Annotated[
        list[Operation],
        Field(min_length=1, max_length=MOST_OPERATIONS, examples=[[{"op": "delete", "id": 41}]]),
    ]
    """What to do, in this order."""


class BulkResult(Schema):
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

    results: list[BulkResult]
    """One for each operation, in their order."""


async def carry_out(session: AsyncSession, data: Bulk, response: Response) -> Values:
    """Do everything, or say of each operation why it cannot be done.

    All that they are about is held first. An operation that is refused has changed nothing, so
    that the rest can go on; what the others change is written for all of them at once.
    """
    changes = [_change(each) for each in data.operations]
    held = await hold(session, changes)
    outcomes = [
        await _tried(session, held, operation, values)
        for operation, (_, values) in zip(data.operations, changes, strict=True)
    ]
    problems = {index: each for index, each in enumerate(outcomes) if isinstance(each, Problem)}
    if data.mode == "partial":
        response.status_code = status.HTTP_207_MULTI_STATUS
    elif problems:
        raise _together(problems)
    written = [each for each in outcomes if isinstance(each, Written)]
    rows = await service.shown(session, *written)
    return {
        "results": [
            {"index": index, **_result(session, index, data.operations[index], outcome, rows)}
            for index, outcome in enumerate(outcomes)
        ]
    }


def _change(operation: Operation) -> Change:
    if isinstance(operation, BulkCreate):
        return None, operation.data.whole()
    return operation.id, operation.data.given() if isinstance(operation, BulkUpdate) else {}


async def _tried(
    session: AsyncSession, held: Held, operation: Operation, values: Values
) -> Written | Problem | None:
    try:
        if isinstance(operation, BulkCreate):
            return await service.add(session, held, values)
        entry = held.entry(operation.id)
        if isinstance(operation, BulkUpdate):
            return await service.change(session, held, entry, values)
        await service.remove(session, held, entry)
    except Problem as problem:
        return problem
    return None


def _result(
    session: AsyncSession,
    index: int,
    operation: Operation,
    outcome: Written | Problem | None,
    rows: Mapping[int, Values],
) -> Values:
    if outcome is None:
        return {"status": status.HTTP_204_NO_CONTENT}
    if isinstance(outcome, Problem):
        details = outcome.details(context(session).request_id)
        details.errors = _placed(index, outcome)
        return {"status": int(outcome.status), "problem": details}
    code = status.HTTP_201_CREATED if isinstance(operation, BulkCreate) else status.HTTP_200_OK
    row = rows.get(outcome.entry.id)  # none where a later operation has deleted it
    return {"status": code} | ({"entry": row} if row else {})


def _placed(index: int, problem: Problem) -> list[Fault]:
    """Point from the whole body to the input of one operation."""
    base = pointer("operations", index, "data")
    return [fault.model_copy(update={"pointer": base + fault.pointer}) for fault in problem.faults]


def _together(problems: Mapping[int, Problem]) -> Problem:
    """Make one problem of all, with at least one fault for each operation.

    It is of the kind that all of them are, or else the input as a whole is at fault; one alone
    keeps what else it says.
    """
    faults: list[Fault] = []
    for index, problem in problems.items():
        faults += _placed(index, problem) or [
            Fault(
                pointer=pointer("operations", index),
                code=problem.slug().replace("-", "_"),
                message=problem.detail,
            )
        ]
    kinds = {type(problem) for problem in problems.values()}
    together = copy(next(iter(problems.values()))) if len(kinds) == 1 else Invalid()
    together.faults = faults
    if len(problems) > 1:
        together.detail = f"{len(problems)} operations are refused; nothing was changed."
        together.members = {}
    return together

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
    """Do everything, or say of each operation why it cannot be done."""
    results: list[Values] = []
    problems: list[tuple[int, Problem]] = []
    for index, operation in enumerate(data.operations):
        try:
            if data.mode == "partial":
                async with session.begin_nested():
                    result = await _do(session, operation)
            else:
                result = await _do(session, operation)
            results.append({"index": index, **result})
        except Problem as problem:
            problems.append((index, problem))
            results.append({"index": index, **_refused(session, index, problem)})
        except DBAPIError as error:
            problem = problem_of(error)
            problems.append((index, problem))
            if data.mode == "atomic":
                break  # the transaction is over: nothing more can be tried in it
            results.append({"index": index, **_refused(session, index, problem)})
    context(session).subject = None
    if data.mode == "partial":
        response.status_code = status.HTTP_207_MULTI_STATUS
    elif problems:
        raise _together(problems)
    return {"results": results}


async def _do(session: AsyncSession, operation: Create | Update | Delete) -> Values:
    if isinstance(operation, Create):
        entry = await service.create(session, operation.data.whole())
        return {"status": status.HTTP_201_CREATED, "entry": entry}
    entry = await service.locked_entry(session, operation.id)
    if isinstance(operation, Update):
        changed = await service.update(session, entry, operation.data.given())
        return {"status": status.HTTP_200_OK, "entry": changed}
    await service.delete(session, entry)
    return {"status": status.HTTP_204_NO_CONTENT}


def _refused(session: AsyncSession, index: int, problem: Problem) -> Values:
    details = problem.details(context(session).request_id)
    details.errors = _placed(index, problem)
    return {"status": int(problem.status), "problem": details}


def _placed(index: int, problem: Problem) -> list[Fault]:
    """Point from the whole body to the input of one operation."""
    base = pointer("operations", index, "data")
    return [fault.model_copy(update={"pointer": base + fault.pointer}) for fault in problem.faults]


def _together(problems: list[tuple[int, Problem]]) -> Problem:
    """One problem is told as it is; several as what they have in common, fault by fault."""
    faults: list[Fault] = []
    for index, problem in problems:
        faults += _placed(index, problem) or [
            Fault(
                pointer=pointer("operations", index),
                code=problem.slug().replace("-", "_"),
                message=problem.detail,
            )
        ]
    kinds = {type(problem) for _, problem in problems}
    detail = f"{len(problems)} operations cannot be carried out; nothing was changed."
    kind = kinds.pop() if len(kinds) == 1 else Invalid
    if issubclass(kind, Invalid):
        return kind(*faults, detail=detail)
    return kind(detail, *faults)

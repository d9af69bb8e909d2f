"""Doing something for once without consequences, to see what would come of it."""

from collections.abc import Awaitable
from typing import Annotated

from fastapi import Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.custom_fields.changes.schemas import Impact
from timetracker_api.custom_fields.changes.usage import by_type
from timetracker_api.custom_fields.definition import ATTRIBUTES, Definition
from timetracker_api.custom_fields.models import CustomFieldDefinition
from timetracker_api.custom_fields.service import DEFINITIONS
from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.problems import Conflict, InUse, NotUnique, Problem

DryRun = Annotated[
    bool, Query(description="Only say what it would mean for the records; change nothing.")
]


class Unconvertible(Conflict):
    """Some values cannot become values of the other kind; `impact` counts them, with samples.
    Nothing was changed.
    """

    title = "Some values do not fit"


BY_VALUES = (InUse, NotUnique, Unconvertible)
"""Why the values there are forbid a change: what one wants to learn from a rehearsal."""


async def carried_out(
    session: AsyncSession, key: str, work: Awaitable[object], *, dry_run: bool
) -> Values:
    """Do something to a definition; for a dry run, undo it.

    Return whether it was one, the definition after it, and why it would be refused.
    """
    if not dry_run:
        await work
        return {"dry_run": False, "definition": await _shown(session, key)}
    problem: Problem | None = None
    async with session.begin_nested() as attempt:
        try:
            await work
        except BY_VALUES as refusal:
            problem = refusal
        row = await _shown(session, key)
        # Whatever it locked, it lets go of here.
        await attempt.rollback()
    told: Values = {"dry_run": True, "definition": row}
    if problem is not None:
        told["problem"] = problem.details(context(session).request_id)
    return told


def as_it_is(definition: CustomFieldDefinition) -> Definition:
    """Return a definition as the engine uses it."""
    return Definition(**{name: getattr(definition, name) for name in ATTRIBUTES})


async def rehearsed(session: AsyncSession, key: str, work: Awaitable[object]) -> Response:
    """Answer with what a change of a definition would mean for the records."""
    told = await carried_out(session, key, work, dry_run=True)
    impact = await by_type(session, Definition.of(told["definition"]))
    return answer({**told, "impact": impact})


def answer(told: Values) -> Response:
    """Return the answer to a dry run, in place of the one that the operation has otherwise."""
    return Response(Impact.model_validate(told).model_dump_json(), media_type="application/json")


async def _shown(session: AsyncSession, key: str) -> Values | None:
    """Return the definition, of which the answer is not the representation."""
    statement = DEFINITIONS.statement.where(CustomFieldDefinition.key == key)
    return next(iter(await DEFINITIONS.rows(session, statement)), None)

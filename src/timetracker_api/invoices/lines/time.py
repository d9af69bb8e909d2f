"""Time that can be billed, and why some of it cannot."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.models import User
from timetracker_api.entities import Values
from timetracker_api.invoices.lines.billed import Reason
from timetracker_api.invoices.lines.choosing import TimeToBill
from timetracker_api.problems import Invalid, fault
from timetracker_api.projects.models import Project
from timetracker_api.tasks.models import Task
from timetracker_api.time_entries.invoiced import is_invoiced
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.showing import visible

MOST_ENTRIES = 10_000
MOST_LISTED = 100

Entry = Row[*tuple[Any, ...]]
"""An entry with the names of what it was spent on."""


@dataclass
class Found:
    """What there is to bill, and what was left out."""

    entries: list[Entry] = field(default_factory=list[Entry])
    left_out: dict[Reason, list[int]] = field(default_factory=dict[Reason, list[int]])

    @property
    def told(self) -> Sequence[Values]:
        """What was left out, as it is shown."""
        return [
            {"reason": reason, "count": len(ids), "entry_ids": ids[:MOST_LISTED]}
            for reason, ids in self.left_out.items()
        ]


_unbilled = (TimeEntry.billable, ~is_invoiced())
_ENTRIES = (
    select(
        TimeEntry.id,
        TimeEntry.ended_at,
        TimeEntry.duration_seconds,
        TimeEntry.local_date,
        TimeEntry.notes,
        TimeEntry.complete,
        TimeEntry.rate_amount,
        TimeEntry.rate_currency,
        TimeEntry.user_id,
        func.coalesce(User.name, User.username).label("user_name"),
        TimeEntry.project_id,
        Project.name.label("project_name"),
        TimeEntry.task_id,
        Task.name.label("task_name"),
    )
    .join(User, User.id == TimeEntry.user_id)
    .outerjoin(Project, Project.id == TimeEntry.project_id)
    .outerjoin(Task, Task.id == TimeEntry.task_id)
    .where(*_unbilled)
    .order_by(TimeEntry.started_at, TimeEntry.id)
)


async def find(
    session: AsyncSession, client_id: int, currency: str, data: TimeToBill, *, hold: bool
) -> Found:
    """Return the time of a client that the caller may see and that is on no invoice.

    To ``hold`` it, its entries are locked first and read after that: whoever has billed or changed
    them meanwhile is waited for, and seen.
    """
    where = [TimeEntry.client_id == client_id, *data.where(), *visible(session)]
    held: frozenset[int] | None = None
    if hold:
        locked = select(TimeEntry.id).where(*_unbilled, *where).order_by(TimeEntry.id)
        locked = locked.limit(MOST_ENTRIES + 1).with_for_update()
        held = frozenset(await session.scalars(locked))
        _refuse_too_many(len(held))
    rows = (await session.execute(_ENTRIES.where(*where).limit(MOST_ENTRIES + 1))).all()
    _refuse_too_many(len(rows))
    found = Found()
    for row in rows:
        if held is not None and row.id not in held:
            continue
        if (reason := _reason(row, currency)) is None:
            found.entries.append(row)
        else:
            found.left_out.setdefault(reason, []).append(row.id)
    return found


def _refuse_too_many(count: int) -> None:
    if count > MOST_ENTRIES:
        message = f"There are more than {MOST_ENTRIES} entries: take a shorter time."
        raise Invalid(fault("from", "maximum", message))


def _reason(row: Entry, currency: str) -> Reason | None:
    """Say why an entry cannot be billed."""
    if row.ended_at is None:
        return "running"
    if not row.complete:
        return "incomplete"
    if row.rate_amount is None:
        return "no_rate"
    return None if row.rate_currency == currency else "other_currency"

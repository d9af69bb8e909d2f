"""How time entries are shown, and to whom."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.auth.scopes import Scope
from timetracker_api.clients.models import Client
from timetracker_api.db.base import Numbered
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.organization.service import policy
from timetracker_api.projects.models import Project
from timetracker_api.tasks.models import Task
from timetracker_api.time_entries.invoiced import INVOICES, LINKS, lock
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.rules import locks

TIME_ENTRIES = Representation(
    TimeEntry,
    select(
        TimeEntry.id,
        User.id.label("user__id"),
        func.coalesce(User.name, User.username).label("user__name"),
        Client.id.label("client__id"),
        Client.name.label("client__name"),
        Project.id.label("project__id"),
        Project.name.label("project__name"),
        Project.code.label("project__code"),
        Task.id.label("task__id"),
        Task.name.label("task__name"),
        TimeEntry.started_at,
        TimeEntry.ended_at,
        TimeEntry.duration_seconds,
        TimeEntry.time_zone,
        TimeEntry.local_date,
        TimeEntry.notes,
        TimeEntry.tags,
        TimeEntry.billable,
        TimeEntry.rate_amount.label("rate__amount"),
        TimeEntry.rate_currency.label("rate__currency"),
        TimeEntry.rate_source.label("rate__source"),
        TimeEntry.source,
        TimeEntry.continues_id,
        TimeEntry.complete,
        INVOICES.c.id.label("invoice__id"),
        INVOICES.c.number.label("invoice__number"),
        INVOICES.c.status.label("invoice__status"),
        TimeEntry.custom_fields,
        TimeEntry.version,
        TimeEntry.created_at,
        TimeEntry.updated_at,
    )
    .join(User, User.id == TimeEntry.user_id)
    .join(Client, Client.id == TimeEntry.client_id)
    .outerjoin(Project, Project.id == TimeEntry.project_id)
    .outerjoin(Task, Task.id == TimeEntry.task_id)
    .outerjoin(LINKS, LINKS.c.entry_id == TimeEntry.id)
    .outerjoin(INVOICES, INVOICES.c.id == LINKS.c.invoice_id),
)


@entities.completes
async def add_locks(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Say of entries why they cannot be changed."""
    if kind is not TimeEntry:
        return
    rule = await policy(session)
    for row in rows:
        invoiced = [lock(row["invoice"])] if row["invoice"] else []
        row["locks"] = [*locks(row["local_date"], rule), *invoiced]


@entities.visibility(TimeEntry)
def visible(session: AsyncSession) -> Sequence[ColumnElement[bool]]:
    """Return the conditions for the entries that the caller may see: their own, or all."""
    known = context(session)
    if known.actor_id is None or Scope.TIME_ENTRIES_OTHERS in known.scopes:
        return ()
    return (TimeEntry.user_id == known.actor_id,)

"""The rules about projects, and how they are shown."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import BigInteger, case, cast, column, func, select, table
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import clock, entities
from timetracker_api.clients.models import Client
from timetracker_api.db.base import Numbered
from timetracker_api.db.types import Money
from timetracker_api.entities import Representation, Values
from timetracker_api.problems import Archived, InUse
from timetracker_api.projects.models import Project

CENT = Decimal("0.01")
SECONDS_PER_HOUR = 3600

# Time entries belong to a slice above this one, which imports it: here their table goes by name.
_entries = table(
    "time_entries",
    column("project_id"),
    column("duration_seconds"),
    column("billable"),
    column("rate_amount", BigInteger),
)
_seconds = (
    select(func.coalesce(func.sum(_entries.c.duration_seconds), 0))
    .where(_entries.c.project_id == Project.id)
    .correlate(Project)
    .scalar_subquery()
)
_billed = case((_entries.c.billable, _entries.c.duration_seconds * _entries.c.rate_amount))
_price = (
    select(func.coalesce(func.sum(cast(_billed, BigInteger)), 0))
    .where(_entries.c.project_id == Project.id)
    .correlate(Project)
    .scalar_subquery()
)

PROJECTS = Representation(
    Project,
    select(
        Project.id,
        Client.id.label("client__id"),
        Client.name.label("client__name"),
        Project.name,
        Project.code,
        Project.description,
        Project.billable,
        Project.hourly_rate,
        Project.budget_hours,
        Project.budget_amount,
        Project.color,
        Project.custom_fields,
        _seconds.label("tracked_seconds"),
        _price.label("tracked_amount"),
        Project.archived_at,
        Project.version,
        Project.created_at,
        Project.updated_at,
    ).join(Client, Client.id == Project.client_id),
)


@entities.completes
async def add_budgets(_session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Say how much of its budgets a project has used."""
    if kind is not Project:
        return
    for row in rows:
        # The exact sum of seconds times rate is divided, and rounded, once.
        price = Decimal(row["tracked_amount"]).scaleb(-Money.scale) / SECONDS_PER_HOUR
        row["tracked_amount"] = price.quantize(CENT)
        hours = Decimal(row["tracked_seconds"]) / SECONDS_PER_HOUR
        row["budget_used"] = _share(hours, row["budget_hours"])
        row["budget_amount_used"] = _share(price, row["budget_amount"])


def _share(used: Decimal, budget: Decimal | None) -> float | None:
    return round(float(used / budget), 4) if budget else None


async def create(session: AsyncSession, values: Values) -> Project:
    """Add a project to a client that is not archived."""
    await _client(session, values["client_id"])
    return await entities.create(session, Project, values)


async def update(session: AsyncSession, project: Project, values: Values) -> Project:
    """Change a project. Its client stays once there is time: entries belong to that client."""
    if values.get("client_id", project.client_id) != project.client_id:
        if found := (await entities.dependents(session, project)).get("time entries"):
            raise InUse(
                f"{found} time entries belong to its client.", usage={"time entries": found}
            )
        await _client(session, values["client_id"])
    return await entities.update(session, project, values)


async def archive(session: AsyncSession, project: Project) -> Project:
    """Put a project away: it keeps its history, and takes no new time."""
    return await entities.update(
        session, project, {"archived_at": project.archived_at or clock.now()}
    )


async def unarchive(session: AsyncSession, project: Project) -> Project:
    """Bring a project back."""
    return await entities.update(session, project, {"archived_at": None})


async def _client(session: AsyncSession, id: int) -> None:
    client = await entities.referred(session, Client, id, "client_id")
    if client.archived_at is not None:
        raise Archived(f"The client {client.name} is archived.")

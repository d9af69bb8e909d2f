"""The rules about projects, and how they are shown."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.scopes import Scope
from timetracker_api.clients.models import Client
from timetracker_api.db.base import Numbered
from timetracker_api.db.session import context
from timetracker_api.entities import Representation, Values
from timetracker_api.organization.service import policy
from timetracker_api.problems import Archived, InUse
from timetracker_api.projects.models import Project
from timetracker_api.projects.tracking import on_projects

CENT = Decimal("0.01")

PROJECTS = Representation(
    Project,
    select(
        Project.id,
        Client.id.label("client__id"),
        Client.name.label("client__name"),
        Client.currency,
        Project.name,
        Project.code,
        Project.description,
        Project.billable,
        Project.hourly_rate,
        Project.budget_hours,
        Project.budget_amount,
        Project.color,
        Project.custom_fields,
        Project.archived_at,
        Project.version,
        Project.created_at,
        Project.updated_at,
    ).join(Client, Client.id == Project.client_id),
)


@entities.completes
async def add_budgets(session: AsyncSession, kind: type[Numbered], rows: Sequence[Values]) -> None:
    """Say how much time is recorded on projects, and how much of their budgets that is."""
    if kind is not Project or not rows:
        return
    found = await on_projects(session, [row["id"] for row in rows])
    currency = (await policy(session)).currency
    priced = Scope.RATES_READ in context(session).scopes
    for row in rows:
        tracked = found[row["id"]]
        row["currency"] = row["currency"] or currency
        row["tracked_seconds"] = tracked.seconds
        row["budget_used"] = _share(tracked.hours(), row["budget_hours"])
        if priced:
            price = tracked.price(row["currency"])
            row["tracked_amount"] = price.quantize(CENT)
            row["budget_amount_used"] = _share(price, row["budget_amount"])


def _share(used: Decimal, budget: Decimal | None) -> float | None:
    return round(float(used / budget), 4) if budget else None


async def create(session: AsyncSession, values: Values) -> Project:
    """Add a project to a client that is not archived."""
    await _client(session, values["client_id"])
    return await entities.create(session, Project, values)


async def update(session: AsyncSession, project: Project, values: Values) -> Project:
    """Change a project. Its client stays once there is time: entries belong to that client."""
    moved = values.get("client_id", project.client_id) != project.client_id
    if moved and (found := (await entities.dependents(session, project)).get("time_entry")):
        raise InUse(f"Time entries belong to its client: {found}.", usage={"time_entry": found})
    if moved:
        await _client(session, values["client_id"])
    return await entities.update(session, project, values)


async def _client(session: AsyncSession, id: int) -> None:
    client = await entities.referred(session, Client, id, "client_id")
    if client.archived_at is not None:
        raise Archived(f"The client {client.name} is archived.")

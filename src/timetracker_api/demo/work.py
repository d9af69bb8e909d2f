"""The clients of the company, their projects and the tasks of these."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import product
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api import entities
from timetracker_api.auth.models import User
from timetracker_api.clients.models import Client
from timetracker_api.clients.schemas import ClientCreate
from timetracker_api.demo.definitions import COST_CENTERS, TIERS
from timetracker_api.demo.scale import Dice, Scale
from timetracker_api.demo.words import COLORS, LAST_NAMES, NAMES, PROJECTS, STREETS, TASKS, TRADES
from timetracker_api.projects import service as projects
from timetracker_api.projects.models import Project
from timetracker_api.projects.schemas import ProjectCreate
from timetracker_api.tasks import service as tasks
from timetracker_api.tasks.models import Task
from timetracker_api.tasks.schemas import TaskCreate

STATES = ("in_progress", "review", "done", "todo", "cancelled")
WORKED_ON = frozenset(STATES[:3])
"""The states of tasks that time is recorded on."""
LAST_OF_FIVE = 4
"""Every fifth client is archived."""
PRIORITIES = ("low", "medium", "high", "urgent")


@dataclass
class Work:
    """A project with its tasks, and when it is worked on."""

    project: Project
    begins: date
    ends: date | None
    tasks: list[Task] = field(default_factory=list[Task])

    def is_on(self, day: date) -> bool:
        """Return whether time is recorded on it that day."""
        return self.begins <= day and (self.ends is None or day < self.ends)


@dataclass
class Business:
    """A client with all the work for them."""

    number: int
    client: Client
    ends: date | None
    works: list[Work] = field(default_factory=list[Work])


@dataclass(frozen=True)
class Company:
    """What the work is spread over: the people, and the days there have been."""

    scale: Scale
    people: Sequence[User]
    first_day: date
    today: date


async def win(session: AsyncSession, company: Company, number: int) -> Business:
    """Add a client with projects and tasks. The first is there from beginning to end."""
    dice = company.scale.dice("client", number)
    first = number == 0
    ends = _some_day(dice, company) if number % 5 == LAST_OF_FIVE else None
    client = await entities.create(
        session, Client, _client(dice, company, number) | _since(company.first_day)
    )
    business = Business(number, client, ends)
    for index, name in enumerate(dice.sample(PROJECTS, dice.randint(2, 4))):
        lasting = first and index == 0
        business.works.append(
            await _project(session, dice, company, business, name, lasting=lasting)
        )
    return business


async def _project(  # noqa: PLR0913 - what a project is made of
    session: AsyncSession,
    dice: Dice,
    company: Company,
    business: Business,
    name: str,
    *,
    lasting: bool,
) -> Work:
    begins = company.first_day
    if not lasting and dice.chance(60):
        begins += (company.today - begins) * dice.random()
    ends = business.ends
    if ends is None and not lasting and dice.chance(15):
        ends = _some_day(dice, company)
    begins = min(begins, ends or begins)
    code = f"{business.client.name[:3].upper()}-{business.number + 1}-{len(business.works) + 1}"
    data = ProjectCreate.model_validate(
        {
            "client_id": business.client.id,
            "name": name,
            "code": code,
            "billable": lasting or dice.chance(85),
            "hourly_rate": _maybe(dice, 30, f"{dice.randrange(70, 160)}.50"),
            "budget_hours": _maybe(dice, 60, str(dice.randrange(40, 900, 20))),
            "budget_amount": _maybe(dice, 30, str(dice.randrange(5000, 90_000, 500))),
            "color": dice.choice(COLORS),
            "custom_fields": {
                "cost_center": dice.choice(COST_CENTERS),
                "purchase_order": _maybe(dice, 50, f"PO-{dice.randrange(1000, 9999)}"),
                "brief": _maybe(dice, 30, f"https://files.example.com/briefs/{code}"),
            },
        }
    )
    project = await projects.create(session, data.whole() | _since(begins))
    work = Work(project, begins, ends)
    for index, task in enumerate(dice.sample(TASKS, dice.randint(3, 6))):
        status = STATES[index] if index < len(WORKED_ON) else dice.choice(STATES)
        work.tasks.append(
            await _task(session, dice, company, work, {"name": task, "status": status})
        )
    return work


async def _task(
    session: AsyncSession, dice: Dice, company: Company, work: Work, values: dict[str, Any]
) -> Task:
    due_on = company.today + timedelta(days=dice.randrange(-60, 90))
    data = TaskCreate.model_validate(
        {
            **values,
            "project_id": work.project.id,
            "priority": dice.choice(PRIORITIES),
            "assignee_id": _maybe(dice, 70, dice.choice(company.people).id),
            "due_on": _maybe(dice, 60, due_on.isoformat()),
            "estimated_seconds": _maybe(dice, 50, dice.randrange(2, 40) * 3600),
            "hourly_rate": _maybe(dice, 8, f"{dice.randrange(140, 200)}"),
            "custom_fields": {"ticket": _maybe(dice, 50, f"WEB-{dice.randrange(1, 9999)}")},
        }
    )
    return await tasks.create(session, data.whole() | _since(work.begins))


def _client(dice: Dice, company: Company, number: int) -> dict[str, Any]:
    names = [f"{name} {trade}" for name, trade in product(NAMES, TRADES)]
    company.scale.dice("names").shuffle(names)
    lap, place = divmod(number, len(names))
    person = dice.choice(LAST_NAMES)
    # Rates of users are in the organisation's currency, so those who pay in another have their own.
    currency = dice.choices((None, "USD", "GBP"), (75, 15, 10))[0]
    return ClientCreate.model_validate(
        {
            "name": names[place] + (f" {lap + 1}" if lap else ""),
            "contact_person": person,
            "email": f"office{number + 1}@example.com",
            "phone": f"+32 2 555 {dice.randrange(1000, 9999)}",
            "address": f"{dice.choice(STREETS)} {dice.randrange(1, 200)}",
            "currency": currency,
            "hourly_rate": _maybe(dice, 90 if currency else 40, f"{dice.randrange(80, 150)}"),
            "custom_fields": {
                "debtor_number": f"{10_000 + number % 90_000}",
                "tier": _maybe(dice, 80, dice.choice(TIERS)),
                "account_manager": _maybe(dice, 60, company.people[0].id),
                "fax": _maybe(dice, 20, f"+32 2 555 {dice.randrange(1000, 9999)}"),
            },
        }
    ).whole()


def _maybe(dice: Dice, percent: int, value: Any) -> Any:
    return value if dice.chance(percent) else None


def _some_day(dice: Dice, company: Company) -> date:
    """Return a day in the second half of the history, well before today."""
    return company.today - (company.today - company.first_day) * dice.uniform(0.1, 0.5)


def _since(day: date) -> dict[str, datetime]:
    return {"created_at": datetime.combine(day, time(8), UTC)}

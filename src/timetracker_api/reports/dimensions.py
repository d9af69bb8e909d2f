"""What entries can be grouped by, other than custom fields. A dimension is one entry."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, get_args

from sqlalchemy import String, cast, func, true

from timetracker_api.auth.models import User
from timetracker_api.clients.models import Client
from timetracker_api.db.code_points import ByCodePoint
from timetracker_api.db.json.items import Items
from timetracker_api.entities import Values
from timetracker_api.projects.models import Project
from timetracker_api.reports.calendar import Unit, first_day, label, last_day
from timetracker_api.tasks.models import Task
from timetracker_api.time_entries.exporting.cells import Written, documents
from timetracker_api.time_entries.models import TimeEntry

NAMED = ("id", "name")
PERIOD = ("label", "first_day", "last_day")


@dataclass(frozen=True)
class Join:
    """What stands beside the entries, and how it belongs to them."""

    table: Any
    condition: Any


@dataclass(frozen=True)
class Named:
    """Where records have their names. Looked up for groups, not for every entry."""

    kind: Any
    name: Any
    sorted_by: Any


@dataclass(frozen=True, kw_only=True)
class Dimension:
    """One way to group entries."""

    keys: Sequence[Any]
    """What entries are grouped by. The first is what is shown; null is a group as well."""
    shows: Callable[..., Values]
    """The object that people are shown, made of the first key, and the name if there is one."""
    members: Sequence[str]
    """What that object consists of."""
    written: Written = documents
    """How these stand in the cells of a table."""
    order: Callable[[Sequence[Any]], Sequence[Any]] = list
    """What groups are sorted by, made of their keys."""
    named: Named | None = None
    joins: Sequence[Join] = ()
    """What the keys are taken from, beside the entries."""
    repeats: bool = False
    """Whether an entry can be in several groups at once."""


PEOPLE = Named(User, func.coalesce(User.name, User.username), User.username_key)


def listed(items: Any) -> tuple[Any, Join]:
    """Return the text of each item of a list, and the rows that it stands in."""
    rows = Items(items).table_valued("value", joins_implicitly=True)
    return ByCodePoint(cast(rows.c.value, String)), Join(rows, true())


def _of_records(reference: Any, named: Named) -> Dimension:
    return Dimension(keys=[reference], shows=_named, members=NAMED, named=named)


def _of(kind: Any) -> Named:
    return Named(kind, kind.name, kind.name_key)


def _of_tags() -> Dimension:
    tag, join = listed(TimeEntry.tags)
    return Dimension(keys=[tag], shows=_tag, members=["name"], joins=[join], repeats=True)


def _of_periods(day: Any, unit: Unit) -> Dimension:
    return Dimension(keys=[first_day(day, unit)], shows=partial(_period, unit), members=PERIOD)


def _named(id: int, name: str) -> Values:
    return {"id": id, "name": name}


def _tag(name: str) -> Values:
    return {"name": name}


def _billable(value: bool) -> Values:  # noqa: FBT001 - it is what is shown
    return {"value": value}


def _period(unit: Unit, first: date) -> Values:
    return {"label": label(first, unit), "first_day": first, "last_day": last_day(first, unit)}


NATIVE: Mapping[str, Callable[[Any], Dimension]] = {
    "client": lambda _: _of_records(TimeEntry.client_id, _of(Client)),
    "project": lambda _: _of_records(TimeEntry.project_id, _of(Project)),
    "task": lambda _: _of_records(TimeEntry.task_id, _of(Task)),
    "user": lambda _: _of_records(TimeEntry.user_id, PEOPLE),
    "tag": lambda _: _of_tags(),
    "billable": lambda _: Dimension(keys=[TimeEntry.billable], shows=_billable, members=["value"]),
    **{unit: partial(_of_periods, unit=unit) for unit in get_args(Unit)},
}
"""Every dimension by its name, made of the expression for the day of an entry."""

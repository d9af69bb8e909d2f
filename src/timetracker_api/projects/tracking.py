"""The time recorded on projects and tasks, for whole lists at once: one statement, however many.

Seconds are summed per rate, and multiplied by it here. Both databases add whole numbers exactly,
but a rate times the seconds of a month does not have to fit into the largest they know.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Boolean,
    Integer,
    String,
    bindparam,
    column,
    func,
    select,
    table,
)
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.types import Money

SECONDS_PER_HOUR = 3600

# Time entries belong to a slice above this one, which imports it: here their table goes by name.
_entries = table(
    "time_entries",
    column("project_id", BigInteger),
    column("task_id", BigInteger),
    column("duration_seconds", Integer),
    column("billable", Boolean),
    column("rate_amount", BigInteger),
    column("rate_currency", String),
)
_ids: BindParameter[int] = bindparam("ids", expanding=True)
_ended = _entries.c.duration_seconds.is_not(None)
_rate = (_entries.c.billable, _entries.c.rate_currency, _entries.c.rate_amount)
_ON_PROJECTS = (
    select(_entries.c.project_id, *_rate, func.sum(_entries.c.duration_seconds))
    .where(_entries.c.project_id.in_(_ids), _ended)
    .group_by(_entries.c.project_id, *_rate)
)
_ON_TASKS = (
    select(_entries.c.task_id, func.sum(_entries.c.duration_seconds))
    .where(_entries.c.task_id.in_(_ids), _ended)
    .group_by(_entries.c.task_id)
)


@dataclass
class Tracked:
    """The time recorded on a project, without what is running."""

    seconds: int = 0
    _priced: Counter[str] = field(default_factory=Counter[str])
    """Seconds times rate, in ten-thousandths, of what is billable, by currency."""

    def hours(self) -> Decimal:
        """Return all of it in hours."""
        return Decimal(self.seconds) / SECONDS_PER_HOUR

    def price(self, currency: str) -> Decimal:
        """Return what the billable part costs, not rounded. Other currencies are left out."""
        return Decimal(self._priced[currency]).scaleb(-Money.scale) / SECONDS_PER_HOUR

    def add(self, seconds: int, rate: int | None, currency: str | None) -> None:
        """Count the seconds that were recorded at one rate, or at none."""
        self.seconds += seconds
        if rate is not None and currency is not None:
            self._priced[currency] += seconds * rate


async def on_projects(session: AsyncSession, ids: Collection[int]) -> Mapping[int, Tracked]:
    """Return what is recorded on each of these projects."""
    found = {id: Tracked() for id in ids}
    sums = await session.execute(_ON_PROJECTS, {"ids": list(ids)})
    for id, billable, currency, rate, seconds in sums:
        found[id].add(seconds, rate if billable else None, currency)
    return found


async def on_tasks(session: AsyncSession, ids: Collection[int]) -> Mapping[int, int]:
    """Return the seconds recorded on each of these tasks."""
    found = dict.fromkeys(ids, 0)
    for id, seconds in await session.execute(_ON_TASKS, {"ids": list(ids)}):
        found[id] = seconds
    return found

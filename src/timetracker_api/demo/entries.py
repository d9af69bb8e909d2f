"""The time entries of the company, as rows: many, and by the same rules as single ones."""

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.auth.models import User
from timetracker_api.custom_fields.registry import Fields
from timetracker_api.custom_fields.validation import merge
from timetracker_api.db.base import fold
from timetracker_api.demo.days import Diary, Span
from timetracker_api.demo.scale import Dice
from timetracker_api.demo.words import ACTIVITIES, NOTES, TAGS
from timetracker_api.demo.work import WORKED_ON, Business, Work
from timetracker_api.organization.service import Policy
from timetracker_api.problems import Invalid
from timetracker_api.time_entries.instants import local_date
from timetracker_api.time_entries.intervals import between
from timetracker_api.time_entries.places import PLACE, Place, Places, Spot
from timetracker_api.time_entries.pricing import price

Row = dict[str, Any]
Where = tuple[int, int | None, int | None]
"""Client, project and task."""

AT_ONCE = 500
"""Places to look up in one statement."""

SOURCES = ("manual", "timer", "api")


@dataclass(frozen=True)
class Ledger:
    """What all entries go by."""

    works: Sequence[Work]
    places: Mapping[Where, Place]
    fields: Fields
    policy: Policy
    prices: dict[tuple[Where, int], Row] = field(default_factory=dict[Any, Row])

    def rows(self, diary: Diary, user: User, count: int) -> Iterator[Row]:
        """Give the last entries of one person, the oldest first."""
        dice = diary.scale.dice("entries", diary.number)
        mandatory = self.fields.complete
        zone = ZoneInfo(diary.zone)
        favourites = dice.sample(self.works, min(len(self.works), 12))
        for span in diary.spans(count):
            where = self._where(dice, favourites, span[0].date())
            row = self._row(dice, span, where, mandatory)
            yield {
                **row,
                **self._price(where, user),
                "user_id": user.id,
                "time_zone": diary.zone,
                "local_date": local_date(span[0], zone),
            }

    def _where(self, dice: Dice, favourites: Sequence[Work], day: date) -> Where:
        open_works = [work for work in favourites if work.is_on(day)] or [self.works[0]]
        work = dice.choice(open_works)
        if dice.chance(5):
            return (work.project.client_id, None, None)
        tasks = [task.id for task in work.tasks if task.status in WORKED_ON]
        task_id = dice.choice(tasks) if tasks and dice.chance(80) else None
        return (work.project.client_id, work.project.id, task_id)

    def _price(self, where: Where, user: User) -> Row:
        known = self.prices.get((where, user.id))
        if known is None:
            known = price(self.places[where], user, self.policy).columns()
            self.prices[where, user.id] = known
        return known

    def _row(self, dice: Dice, span: Span, where: Where, mandatory: frozenset[str]) -> Row:
        started_at, ended_at = span
        source = dice.choices(SOURCES, (50, 45, 5))[0]
        activity = dice.choice(ACTIVITIES)
        notes = dice.choice(NOTES) if dice.chance(80) else None
        tags = dice.sample(TAGS, dice.choices((0, 1, 2), (60, 30, 10))[0])
        given: dict[str, Any] = {"activity": activity}
        if source == "timer" and dice.chance(2):
            given.clear()  # nobody has filled it in yet
        if dice.chance(20):
            given["ticket"] = f"WEB-{dice.randrange(1, 9999)}"
        if activity == "travel":
            given["kilometres"] = f"{dice.randrange(2, 300)}.{dice.randrange(10)}"
        values, faults = merge(self.fields, {}, given, is_new=True)
        if source == "timer":
            faults = [fault for fault in faults if fault.code != "required"]
        if faults:
            raise Invalid(*faults)
        return {
            **between(started_at, ended_at),
            **dict(zip(PLACE, where, strict=True)),
            "notes": notes,
            "tags": tags,
            "billable": self.places[where].billable and dice.chance(92),
            "source": source,
            "complete": mandatory <= values.keys(),
            "search_key": fold(notes or ""),
            "custom_fields": values,
            "version": 1,
            "created_at": ended_at,
            "updated_at": ended_at,
        }


async def places(session: AsyncSession, businesses: Sequence[Business]) -> Mapping[Where, Place]:
    """Look up everywhere that time can be spent."""
    wanted: list[Where] = []
    for business in businesses:
        client_id = business.client.id
        wanted.append((client_id, None, None))
        for work in business.works:
            wanted.append((client_id, work.project.id, None))
            wanted += [(client_id, work.project.id, task.id) for task in work.tasks]
    spots: dict[Where, Spot] = {where: dict(zip(PLACE, where, strict=True)) for where in wanted}
    found = Places()
    for begin in range(0, len(wanted), AT_ONCE):
        some = wanted[begin : begin + AT_ONCE]
        await found.hold(session, [spots[where] for where in some])
    return {where: await found.find(session, spot) for where, spot in spots.items()}


def in_order(rows: Sequence[Iterator[Row]]) -> Iterator[Row]:
    """Give the entries of everybody as they came about."""
    return heapq.merge(*rows, key=lambda row: row["started_at"])

"""Tags live on time entries: there is a tag where an entry has it."""

from collections.abc import Collection

from sqlalchemy import false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.json.items import Items
from timetracker_api.db.json.keys import HasItem
from timetracker_api.entities import Values
from timetracker_api.problems import Fault, NotFound, NotUnique
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.showing import visible

BATCH = 1000


async def counted(session: AsyncSession) -> Values:
    """Return all tags of the entries the caller may see, and on how many of them each is."""
    tag = Items(TimeEntry.tags).table_valued("value", joins_implicitly=True).c.value
    count = func.count().label("count")
    statement = select(tag.label("name"), count).where(*visible(session)).group_by(tag)
    rows = (await session.execute(statement.select_from(TimeEntry))).mappings()
    return {"items": sorted(rows, key=lambda row: (row["name"].casefold(), row["name"]))}


async def rename(session: AsyncSession, name: str, new_name: str) -> Values:
    """Give a tag another name, on every entry; `NotUnique` if there is one with that name."""
    if name != new_name and await _exist(session, [new_name]):
        fault = Fault(pointer="/new_name", code="not_unique", message="There is such a tag.")
        raise NotUnique("Merge the two instead.", fault)
    return await merge(session, [name], new_name)


async def merge(session: AsyncSession, names: Collection[str], into: str) -> Values:
    """Put one tag in the place of several, on every entry, also in closed periods.

    A tag is a word to find entries by; it is no part of what is billed.
    """
    gone = set(names) - {into}
    tagged = or_(false(), *(HasItem(TimeEntry.tags, name) for name in gone))
    some = select(TimeEntry).where(tagged).order_by(TimeEntry.id).limit(BATCH).with_for_update()
    changed = 0
    while entries := (await session.scalars(some)).all():
        for entry in entries:
            tags = [into if tag in gone else tag for tag in entry.tags]
            entry.tags = list(dict.fromkeys(tags))
        changed += len(entries)
        await session.flush()
        session.expunge_all()  # there may be more of them than fit into memory
    if not changed and not await _exist(session, names):
        raise NotFound("No entry has such a tag.")
    return {"entries": changed}


async def _exist(session: AsyncSession, names: Collection[str]) -> bool:
    any_of_them = or_(*(HasItem(TimeEntry.tags, name) for name in names))
    return await session.scalar(select(TimeEntry.id).where(any_of_them).limit(1)) is not None

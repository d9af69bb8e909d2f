"""Tags live on time entries: there is a tag where an entry has it."""

from collections import Counter
from collections.abc import Collection

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.json_keys import HasItem
from timetracker_api.entities import Values
from timetracker_api.problems import Fault, NotFound, NotUnique
from timetracker_api.time_entries.models import TimeEntry
from timetracker_api.time_entries.showing import visible

BATCH = 1000


async def counted(session: AsyncSession) -> Values:
    """Return all tags of the entries the caller may see, and on how many of them each is."""
    tags: Counter[str] = Counter()
    tagged = select(TimeEntry.tags).where(TimeEntry.tags != [], *visible(session))
    for partition in (await session.execute(tagged)).scalars().partitions(BATCH):
        for names in partition:
            tags.update(names)
    ordered = sorted(tags.items(), key=lambda item: (item[0].casefold(), item[0]))
    return {"items": [{"name": name, "count": count} for name, count in ordered]}


async def rename(session: AsyncSession, name: str, new_name: str) -> Values:
    """Give a tag another name, on every entry; `NotUnique` if there is one with that name."""
    if name != new_name and await _exists(session, new_name):
        fault = Fault(pointer="/new_name", code="not_unique", message="There is such a tag.")
        raise NotUnique("Merge the two instead.", fault)
    return await merge(session, [name], new_name)


async def merge(session: AsyncSession, names: Collection[str], into: str) -> Values:
    """Put one tag in the place of several, on every entry, also in closed periods.

    A tag is a word to find entries by; it is no part of what is billed.
    """
    wanted = or_(*(HasItem(TimeEntry.tags, name) for name in names))
    entries = (await session.scalars(select(TimeEntry).where(wanted).with_for_update())).all()
    if not entries:
        raise NotFound("No entry has such a tag.")
    for entry in entries:
        tags = [into if tag in names else tag for tag in entry.tags]
        entry.tags = list(dict.fromkeys(tags))
    await session.flush()
    return {"entries": len(entries)}


async def _exists(session: AsyncSession, name: str) -> bool:
    found = select(TimeEntry.id).where(HasItem(TimeEntry.tags, name)).limit(1)
    return await session.scalar(found) is not None

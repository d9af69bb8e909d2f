"""Reports as they are answered."""

from itertools import groupby

from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.session import context
from timetracker_api.entities import Values
from timetracker_api.reports import showing, statement
from timetracker_api.reports.parameters import TimeReport


async def report(session: AsyncSession, query: TimeReport) -> Values:
    """Return one page of the groups, and the totals of all."""
    question = await query.question(session)
    after = query.offset + query.limit
    result = await session.execute(statement.page(question, query.offset + 1, after))
    names = [*result.keys()]
    rows = [dict(zip(names, row, strict=True)) for row in result]
    totals = [row for row in rows if row["place"] is None]
    groups = max((row["groups"] for row in totals), default=0) or 0
    if after < groups:
        context(session).next_page = {"offset": after}
    by_place = groupby((row for row in rows if row["place"]), lambda row: row["place"])
    shown = [[*parts] for _, parts in by_place] if question.dimensions else []
    return {
        "group_by": [*question.dimensions],
        "from": query.from_,
        "to": query.to,
        "basis": "time_zone" if query.time_zone else "local_date",
        "time_zone": query.time_zone,
        "rounding": {"minutes": question.rounded.minutes, "mode": question.rounded.mode},
        "items": [
            {"group": showing.group(question, parts[0])} | showing.measures(question, parts)
            for parts in shown
        ],
        "total": showing.measures(question, totals),
        "groups": groups if question.dimensions else 0,
        "limit": query.limit,
        "offset": query.offset,
    }

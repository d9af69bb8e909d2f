"""Writes what is defined, so that people can review it and other installations apply it."""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.definition_file import plain_yaml, usernames
from timetracker_api.definition_file.complaints import Complaint, Refused
from timetracker_api.definition_file.plain_yaml import OnOneLine
from timetracker_api.definition_file.reading import VERSION
from timetracker_api.definition_file.sections import FIELDS, SECTIONS, Section
from timetracker_api.entities import Values

HEADER = """\
# Custom fields and link templates. To see what this file would change, and to change it:
#   timetracker-api custom-fields apply FILE --dry-run
#   timetracker-api custom-fields apply FILE
# What is left out has its default. A user is written as the name they sign in with.
"""


async def export(session: AsyncSession) -> str:
    """Return the file; `Refused` where it would not say what the database says."""
    content: dict[str, Any] = {"version": VERSION}
    for section in SECTIONS:
        content[section.name] = [_short(section, each) for each in await _rows(session, section)]
    return HEADER + plain_yaml.write(content)


async def _rows(session: AsyncSession, section: Section) -> Sequence[Values]:
    columns = (getattr(section.entity, name) for name in section.attributes)
    result = await session.execute(select(*columns))
    rows = [dict(row) for row in result.mappings()]
    # Not by the database: each sorts text in its own way.
    rows.sort(key=lambda row: tuple(row[name] for name in section.order))
    if section is FIELDS:
        await _name_users(session, rows)
    return rows


async def _name_users(session: AsyncSession, rows: Sequence[Values]) -> None:
    affected = [row for row in rows if usernames.is_of_user(row)]
    names = await usernames.of_ids(session, (row["default"] for row in affected))
    for row in affected:
        if row["default"] not in names:
            message = f"The default of the field {row['key']} is a user who does not exist."
            raise Refused([Complaint(message)])
        row["default"] = names[row["default"]]


def _short(section: Section, row: Values) -> Values:
    """Leave out what is as it would be anyway."""
    try:
        body = section.body.model_validate(row)
    except ValidationError as error:
        [first, *_] = error.errors()
        where = ".".join(str(part) for part in first["loc"])
        called = section.called(section.of(row))
        message = f"The {called} would not be accepted today: {where}: {first['msg']}."
        raise Refused([Complaint(message)]) from None
    return {
        name: [OnOneLine(each) for each in value] if name == "choices" else value
        for name, value in body.model_dump(mode="json", exclude_defaults=True).items()
    }

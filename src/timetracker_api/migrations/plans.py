"""What an upgrade would do, for people to read before it does it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from alembic.script import Script
from alembic.util import to_tuple

from timetracker_api.migrations import commands, revisions
from timetracker_api.migrations.scripting import by_revision, statements, upgrade_sql
from timetracker_api.settings import Settings

_NAME = r'"?(\w+)"?'
_WORDS = r"""
CREATE TABLE (?:IF NOT EXISTS )?NAME -> create table \1
DROP TABLE (?:IF EXISTS )?NAME -> drop table \1
ALTER TABLE NAME ADD COLUMN (?:IF NOT EXISTS )?NAME -> add column \1.\2
ALTER TABLE NAME DROP COLUMN (?:IF EXISTS )?NAME -> drop column \1.\2
ALTER TABLE NAME ALTER COLUMN NAME -> alter column \1.\2
ALTER TABLE NAME ADD CONSTRAINT NAME -> add constraint \2 to \1
ALTER TABLE NAME DROP CONSTRAINT NAME -> drop constraint \2 of \1
ALTER TABLE NAME RENAME TO NAME -> rename table \1 to \2
ALTER TABLE NAME RENAME (?:COLUMN )?NAME TO NAME -> rename \1.\2 to \3
CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?NAME ON NAME -> create index \1
DROP INDEX (?:CONCURRENTLY )?(?:IF EXISTS )?NAME -> drop index \1
INSERT INTO NAME -> insert rows into \1
UPDATE NAME -> update rows of \1
DELETE FROM NAME -> delete rows of \1
"""
_TELLING = [line.replace("NAME", _NAME).split(" -> ") for line in _WORDS.strip().splitlines()]
_LOSS = ("drop table ", "drop column ", "delete rows ")


@dataclass(frozen=True, slots=True)
class Planned:
    """A revision that is to be applied."""

    revision: str
    message: str
    operations: Sequence[str]
    """What it does on PostgreSQL. On SQLite the outcome is the same, or it is for SQLite alone."""
    losses: Sequence[str]
    """Which of these delete data."""

    def __str__(self) -> str:
        lines = [f"{self.revision}  {self.message}"]
        lines += [f"  {each}{', and its data' * (each in self.losses)}" for each in self.operations]
        return "\n".join(lines)


async def ahead(
    settings: Settings, revision: str = "head", folder: Path | None = None
) -> tuple[Sequence[str], str]:
    """Return the revisions that an upgrade would apply to a database, and the SQL of it."""
    state = await commands.state(settings, folder)
    if state.problem:
        raise state.problem
    scripts = revisions.scripts(folder)
    steps = revisions.steps_up(scripts, state.current, revision)
    return steps, await upgrade_sql(
        f"{state.current or 'base'}:{steps[-1]}", folder
    ) if steps else ""


async def plan(
    settings: Settings, revision: str = "head", folder: Path | None = None
) -> list[Planned]:
    """Return what an upgrade would do to a database, without doing it."""
    steps, sql = await ahead(settings, revision, folder)
    scripts, written = revisions.scripts(folder), by_revision(sql)
    return [described(revisions.find(scripts, step), written[step]) for step in steps]


async def of(script: Script, folder: Path | None = None) -> Planned:
    """Return what one revision does."""
    first = next(iter(to_tuple(script.down_revision, ("base",))))
    sql = await upgrade_sql(f"{first}:{script.revision}", folder)
    return described(script, by_revision(sql)[script.revision])


def described(script: Script, sql: str) -> Planned:
    """Return what a revision does, by the SQL of it."""
    operations = list(dict.fromkeys(_told(sql)))
    losses = [operation for operation in operations if operation.startswith(_LOSS)]
    return Planned(script.revision, script.doc.rstrip("."), operations, losses)


def _told(sql: str) -> Iterator[str]:
    for statement in statements(sql):
        for pattern, words in _TELLING:
            if match := re.match(pattern, statement):
                yield match.expand(words)
                break
        else:
            yield f"run {statement.splitlines()[0]}"

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
_WORDS = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (rf"CREATE TABLE (?:IF NOT EXISTS )?{_NAME}", r"create table \1"),
        (rf"DROP TABLE (?:IF EXISTS )?{_NAME}", r"drop table \1"),
        (rf"ALTER TABLE {_NAME} ADD COLUMN (?:IF NOT EXISTS )?{_NAME}", r"add column \1.\2"),
        (rf"ALTER TABLE {_NAME} DROP COLUMN (?:IF EXISTS )?{_NAME}", r"drop column \1.\2"),
        (rf"ALTER TABLE {_NAME} ALTER COLUMN {_NAME}", r"alter column \1.\2"),
        (rf"ALTER TABLE {_NAME} ADD CONSTRAINT {_NAME}", r"add constraint \2 to \1"),
        (rf"ALTER TABLE {_NAME} DROP CONSTRAINT {_NAME}", r"drop constraint \2 of \1"),
        (rf"ALTER TABLE {_NAME} RENAME TO {_NAME}", r"rename table \1 to \2"),
        (rf"ALTER TABLE {_NAME} RENAME (?:COLUMN )?{_NAME} TO {_NAME}", r"rename \1.\2 to \3"),
        (rf"CREATE (?:UNIQUE )?INDEX (?:CONCURRENTLY )?{_NAME} ON {_NAME}", r"create index \1"),
        (rf"DROP INDEX (?:CONCURRENTLY )?(?:IF EXISTS )?{_NAME}", r"drop index \1"),
        (rf"INSERT INTO {_NAME}", r"insert rows into \1"),
        (rf"UPDATE {_NAME}", r"update rows of \1"),
        (rf"DELETE FROM {_NAME}", r"delete rows of \1"),  # noqa: S608 - a pattern
    )
)
_LOSS = ("drop table ", "drop column ", "delete rows ")


@dataclass(frozen=True, slots=True)
class Planned:
    """A revision that is to be applied."""

    revision: str
    message: str
    operations: Sequence[str]
    """What it does on PostgreSQL. On SQLite the outcome is the same."""
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
        for pattern, words in _WORDS:
            if match := pattern.match(statement):
                yield match.expand(words)
                break
        else:
            yield f"run {statement.splitlines()[0]}"

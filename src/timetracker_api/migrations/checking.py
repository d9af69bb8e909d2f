"""Whether a database is what the models, and its revision, say of it; told in words."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, cast

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from timetracker_api.migrations import fingerprint, revisions
from timetracker_api.migrations.connections import migration_url, reading
from timetracker_api.migrations.dialect_only import leaving_out
from timetracker_api.migrations.driver_errors import explained
from timetracker_api.migrations.patience import patiently
from timetracker_api.migrations.rendering import comparison
from timetracker_api.settings import Settings

THINGS = {"fk": "foreign key"}

Say = Callable[[str], object]


async def check(
    settings: Settings,
    metadata: MetaData,
    folder: Path | None = None,
    *,
    say: Say = lambda _: None,
) -> list[str]:
    """Return how a database, which has to be at the head, differs from what it should be.

    The models say what that is, and the facts recorded of the head, which say more. Whether the
    two agree is found out on SQLite: that takes neither a server nor a right.
    """
    url = migration_url(settings)
    with explained(url):
        async with reading(url) as connection:
            look = partial(revisions.read_state, scripts=revisions.scripts(folder))
            state = await patiently(connection, look, say=say)
            if state.obstacle:
                raise state.obstacle
            compare = partial(differences, metadata=metadata)
            found = await patiently(connection, compare, say=say)
            drifted = await patiently(connection, _drift_from(state.current, folder), say=say)
    unwritten = await fingerprint.unlike_models(fingerprint.MEMORY, metadata, folder)
    return fingerprint.together(found, drifted, unwritten)


def _drift_from(revision: str | None, folder: Path | None) -> Callable[[Connection], list[str]]:
    return partial(fingerprint.drift, revision=revision, folder=folder)


async def drift(
    settings: Settings, folder: Path | None = None, *, say: Say = lambda _: None
) -> list[str]:
    """Return how a database differs from what its revision, whichever that is, has made of it."""
    async with _at_its_revision(settings, folder, say) as (connection, revision):
        return await patiently(connection, _drift_from(revision, folder), say=say)


class Fingerprint(NamedTuple):
    """What a database is, in one number."""

    revision: str | None
    digest: str
    as_recorded: bool | None
    """Whether its revision makes that of a database; None where nothing has been recorded."""


async def fingerprint_of(
    settings: Settings, folder: Path | None = None, *, say: Say = lambda _: None
) -> Fingerprint:
    """Return what a database is, and whether that is what its revision should have made of it."""
    async with _at_its_revision(settings, folder, say) as (connection, revision):
        found = fingerprint.digest(await patiently(connection, fingerprint.facts, say=say))
        wanted = fingerprint.digest_of(connection.dialect.name, revision, folder)
        return Fingerprint(revision, found, found == wanted if wanted else None)


@asynccontextmanager
async def _at_its_revision(
    settings: Settings, folder: Path | None, say: Say
) -> AsyncGenerator[tuple[AsyncConnection, str | None]]:
    url = migration_url(settings)
    with explained(url):
        async with reading(url) as connection:
            look = partial(revisions.read_state, scripts=revisions.scripts(folder))
            state = await patiently(connection, look, say=say)
            if state.problem:
                raise state.problem
            yield connection, state.current


def differences(connection: Connection, metadata: MetaData) -> list[str]:
    """Return a sentence for each thing that is in the models or the database only."""
    options = comparison(connection.dialect.name) | {"target_metadata": metadata}
    context = MigrationContext.configure(connection, opts=options)
    with leaving_out():
        return list(_sentences(compare_metadata(context, metadata)))


def _sentences(found: Iterable[Any]) -> Iterable[str]:
    for difference in found:
        if isinstance(difference, list):
            yield from map(_change, cast("list[Sequence[Any]]", difference))
        else:
            yield _presence(difference)


def _change(change: Sequence[Any]) -> str:
    """``modify_type``, schema, table, column, and what is before and after."""
    what = change[0].removeprefix("modify_").replace("_", " ")
    return (
        f"column {change[2]}.{change[3]}: {what} is {_plain(change[-2])} in the database, "
        f"{_plain(change[-1])} in the models"
    )


def _presence(difference: Sequence[Any]) -> str:
    """``add_table`` and the like: what autogenerate would add is what the database lacks."""
    verb, _, kind = difference[0].partition("_")
    where = "missing in the database" if verb == "add" else "in the database only"
    kind = THINGS.get(kind, kind.replace("_", " "))
    item = difference[-1]
    if kind == "column":
        return f"column {difference[2]}.{item.name}: {where}"
    if kind == "table":
        return f"table {item.name}: {where}"
    table = getattr(item, "table", None)
    return f"{kind} {getattr(item, 'name', item)} of {getattr(table, 'name', 'a table')}: {where}"


def _plain(value: Any) -> str:
    argument = getattr(value, "arg", value)
    return "nothing" if argument is None else str(argument)

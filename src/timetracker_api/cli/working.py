"""Runs a command on the database, and turns what goes wrong into one line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

import typer
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.conflicts import violation
from timetracker_api.db.session import Database
from timetracker_api.migrations import commands, configured
from timetracker_api.migrations.driver_errors import explained, first_line
from timetracker_api.migrations.failures import Failure
from timetracker_api.migrations.revisions import State, database_state
from timetracker_api.models import metadata
from timetracker_api.problems import Problem
from timetracker_api.settings import Settings

T = TypeVar("T")

ENTITIES = metadata
"""Every entity, with the events and checks that come with them: commands load nothing else."""


def configuration() -> Settings:
    """Read the configuration."""
    try:
        return configured.configured()
    except Failure as failure:
        fail(str(failure), failure.exit_code)


def run(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do something in one transaction, on a database that is at the newest revision."""
    try:
        return attempt(settings, work)
    except Failure as failure:
        fail(str(failure), failure.exit_code)


def attempt(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do the same, but raise a `Failure` where the database cannot be used as it is."""
    try:
        return asyncio.run(_attempt(settings, work))
    except IntegrityError as error:
        fields = " and ".join(violation(error).fields)
        fail(f"That {fields or 'value'} is taken already.")
    except DBAPIError as error:
        fail(f"The database refuses: {first_line(error)}.")
    except Problem as problem:
        fail(" ".join(f"{fault.message}." for fault in problem.faults) or problem.detail)


async def _attempt(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    database = Database(settings)
    try:
        with explained(settings.url):
            state = await _state(database)
            if state.obstacle is not None:
                raise state.obstacle
            async with database.write() as session:
                return await work(session)
    finally:
        await database.dispose()


async def _state(database: Database) -> State:
    """Look where the service does, which is not where migrations go past a pooler."""
    settings = database.settings
    if settings.database_pooler == "none":
        return await commands.state(settings.model_copy(update={"migration_database_url": None}))
    async with database.engines.reading.connect() as connection:
        return await database_state(connection)


def fail(sentence: str, exit_code: int = 1) -> NoReturn:
    """Say what is wrong on standard error, and leave."""
    typer.echo(sentence, err=True)
    raise typer.Exit(exit_code)

"""Runs a command on the database, and turns what goes wrong into one line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn, TypeVar

import typer
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from timetracker_api.db.conflicts import violation
from timetracker_api.db.session import Database
from timetracker_api.migrations import commands
from timetracker_api.migrations.driver_errors import explained
from timetracker_api.migrations.failures import Failure
from timetracker_api.problems import Problem
from timetracker_api.settings import Settings

T = TypeVar("T")


def run(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    """Do something in one transaction, on a database that is at the newest revision."""
    try:
        return asyncio.run(_run(settings, work))
    except Failure as failure:
        fail(str(failure), failure.exit_code)
    except IntegrityError as error:
        fail(f"{' and '.join(violation(error).fields) or 'it'} is taken already.")
    except Problem as problem:
        fail(" ".join([problem.detail, *(f"{fault.message}." for fault in problem.faults)]))


async def _run(settings: Settings, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    state = await commands.state(settings)
    if state.obstacle is not None:
        raise state.obstacle
    database = Database(settings)
    try:
        with explained(settings.url):
            async with database.write() as session:
                return await work(session)
    finally:
        await database.dispose()


def fail(sentence: str, exit_code: int = 1) -> NoReturn:
    """Say what is wrong on standard error, and leave."""
    typer.echo(sentence, err=True)
    raise typer.Exit(exit_code)

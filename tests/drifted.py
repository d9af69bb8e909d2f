"""Databases that somebody has changed, and what is said of them."""

import asyncio
import json
from typing import Any

from sqlalchemy import URL, NullPool
from sqlalchemy.ext.asyncio import create_async_engine
from typer.testing import CliRunner

from conftest import settings_for
from timetracker_api.cli import db
from timetracker_api.migrations import checking


async def execute(url: URL, *statements: str) -> None:
    """Do what a person does behind the back of the migrations."""
    engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        async with engine.connect() as connection:
            for statement in statements:
                await connection.exec_driver_sql(statement)
    finally:
        await engine.dispose()


async def drift(url: URL) -> list[str]:
    return await checking.drift(settings_for(url))


def plain(url: URL) -> str:
    """What a program that is not ours takes for the address of a database."""
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=False)


async def document(url: URL, *arguments: str) -> dict[str, Any]:
    """What `timetracker-api db ... --json` answers."""
    options = ("--json", "--database-url", plain(url))
    result = await asyncio.to_thread(CliRunner().invoke, db.app, [*arguments, *options])
    return json.loads(result.stdout)

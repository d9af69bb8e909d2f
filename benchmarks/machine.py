"""What was measured, and on what."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil
from sqlalchemy import URL

from benchmarks.floor.connections import pool
from benchmarks.service import dsn
from timetracker_api import clock

LIBRARIES = (
    "fastapi",
    "starlette",
    "pydantic",
    "sqlalchemy",
    "asyncpg",
    "orjson",
    "uvicorn",
    "uvloop",
    "httptools",
)


async def described(url: URL) -> str:
    """Return a paragraph for the report."""
    async with pool(dsn(url)) as connections:
        postgresql = await connections.fetchval("SHOW server_version")
    memory = psutil.virtual_memory().total / 2**30
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{clock.now():%Y-%m-%d %H:%M} UTC, {platform.system()} on {platform.machine()},"
        f" {_processor()}, {os.cpu_count()} cores, {memory:.0f} GB, load average {load} before.\n\n"
        f"Python {platform.python_version()}, PostgreSQL {postgresql.partition(' ')[0]},"
        f" {libraries}."
    )


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            return next(
                line.split(":")[1].strip() for line in lines if line.startswith("model name")
            )
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"

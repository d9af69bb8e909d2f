"""The command line: what to measure, and where the report goes."""

import argparse
import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

from benchmarks import commands, custom_fields, machine, whole
from benchmarks.report import Section, report
from benchmarks.rounds import FULL, GLANCE
from benchmarks.service import empty_database, server

REPORT = Path(__file__).parent / "report.md"
SIZE = "BENCH_ENTRIES"
CUSTOM_FIELDS = "custom-fields"
COMMANDS = "commands"
NAMES = (*whole.NAMES, CUSTOM_FIELDS, COMMANDS)


async def _measure(names: Sequence[str], *, is_quick: bool) -> str:
    """Run every suite on a database of its own; return the report."""
    sections: list[Section] = []
    count = int(os.environ.get(SIZE, "1000000"))
    with server() as url:
        about = await machine.described(url)
        asked = [name for name in names if name in whole.NAMES]
        if asked:
            async with empty_database(url) as database:
                pace = GLANCE if is_quick else FULL
                sections.append(await whole.measure(database, count, asked, pace))
        if CUSTOM_FIELDS in names:
            async with empty_database(url) as database:
                sections.append(await custom_fields.measure(database))
        if COMMANDS in names:
            rounds = 1 if is_quick else commands.ROUNDS
            sections.append(await commands.measure(url, count, rounds))
    return report(about, sections)


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Measure the service.")
    parser.add_argument(
        "--only", nargs="+", choices=NAMES, metavar="CASE", help=f"Of these: {', '.join(NAMES)}."
    )
    parser.add_argument("--quick", action="store_true", help="Only see that everything works.")
    return parser.parse_args()


def main() -> None:
    """Measure, print the report, and keep it if it is a whole one."""
    given = _options()
    text = asyncio.run(_measure(given.only or NAMES, is_quick=given.quick))
    print(text)
    if not (given.only or given.quick):
        REPORT.write_text(text, encoding="utf-8")

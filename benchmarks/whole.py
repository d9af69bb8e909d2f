"""The service as people run it, with two workers, beside a floor with two.

Both work on the same data at the same time, and are asked by turns, over eight connections. What
counts is the CPU time of a server and its workers for each request, and the least of all rounds:
machines are shared and noisy. The floor is made of Starlette, asyncpg and orjson. It answers with
the same bytes, asks nobody who they are, checks nothing, and writes with one statement. The
service writes its log, as it does unless told otherwise, and nobody reads it. There are no reports
yet, so none are measured.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL

from benchmarks import accounting, company, entries, export, resources, rounds, running
from benchmarks.answers import refuse_differences
from benchmarks.cases import CASES, PAGE, World
from benchmarks.export import Exports
from benchmarks.floor.connections import driver
from benchmarks.load import load
from benchmarks.report import Section
from benchmarks.rounds import Pace, Rounds
from benchmarks.service import dsn, service
from timetracker_api.web.feeds import Place

TITLE = "The whole service"
EXPORT, RESOURCES = "export", "resources"
NAMES = (*CASES, EXPORT, RESOURCES)
LAST_PAGE = "SELECT started_at, id FROM time_entries ORDER BY started_at, id LIMIT 1 OFFSET $1"


async def measure(url: URL, count: int, names: Sequence[str], pace: Pace) -> Section:
    """Load the entries, and measure what is named."""
    section = Section(TITLE, __doc__ or "")
    async with service(url) as (app, api):
        founded = await company.found(app, api)
    seconds = await entries.load(dsn(url), founded, count)
    section.say(f"{count:,} time entries, copied in {seconds:.0f} s.\n")
    connection = await driver.connect(dsn(url))
    database = await accounting.postgresql(connection)
    ids = [row[0] for row in await connection.fetch("SELECT id FROM time_entries")]
    last = Place(*await connection.fetchrow(LAST_PAGE, PAGE))
    await connection.close()
    with tempfile.TemporaryDirectory() as name, load() as asking:
        folder = Path(name)
        with (
            running.service(url, folder, pace.workers) as ours,
            running.floor(url, pace.workers) as theirs,
        ):
            world = World(founded, ids, last, ours, theirs)
            before = resources.memory(ours)
            _cases(section, world, Rounds(asking, database, pace), names)
            after = resources.memory(ours)
        if EXPORT in names:
            with running.service(url, folder, workers=1) as ours:
                _exports(section, Exports(asking, database, pace, ours, founded, count))
        if RESOURCES in names:
            starts = [resources.cold_start(url, folder) for _ in range(pace.starts)]
            resources.tell(section, before, after, starts)
    return section


def _cases(section: Section, world: World, measured: Rounds, names: Sequence[str]) -> None:
    asked = [make for name, make in CASES.items() if name in names]
    for server in (world.service, world.floor):
        running.settle(server)
    if asked:
        section.say(rounds.HEADER)
    for make in asked:
        case = make(world)
        refuse_differences(case)
        outcome = measured.run(case)
        section.found(rounds.rows(outcome), outcome.found, is_met=outcome.is_met)


def _exports(section: Section, exports: Exports) -> None:
    section.say(export.HEADER)
    for format in export.FORMATS:
        exported = exports.run(format)
        section.found(exported.row, exported.found, is_met=exported.is_met)

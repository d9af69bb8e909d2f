"""Two years of time entries, copied into the database."""

import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from benchmarks.company import ACTIVITIES, Company, Person, dice
from benchmarks.floor.connections import driver
from timetracker_api import clock

TABLE = "time_entries"
INDEXES = """
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition
    FROM pg_index WHERE indrelid = $1::text::regclass AND NOT indisprimary
"""
FOREIGN_KEYS = """
    SELECT quote_ident(conname) AS name, pg_get_constraintdef(oid) AS definition
    FROM pg_constraint WHERE conrelid = $1::text::regclass AND contype = 'f'
"""
DAYS = 730
BEGINS_AT = 6
"""The hour, by UTC, that the first entry of a day begins at."""
STEP = timedelta(minutes=20)
NOTES = (
    "Sketches",
    "Call with the client about the next steps",
    "Fixed what came up in review",
    "Release notes",
    "Wrote the proposal, first draft, and sent it round",
    "Interviews",
    "Looked into slow pages",
    "Workshop on site",
)
TAGS = ("meeting", "urgent", "remote", "internal", "on-call")
COLUMNS = (
    "user_id",
    "client_id",
    "project_id",
    "task_id",
    "started_at",
    "ended_at",
    "duration_seconds",
    "time_zone",
    "local_date",
    "notes",
    "search_key",
    "tags",
    "billable",
    "rate_amount",
    "rate_currency",
    "rate_source",
    "source",
    "complete",
    "custom_fields",
    "version",
    "created_at",
    "updated_at",
)


async def load(dsn: str, company: Company, count: int) -> float:
    """Copy entries into the database, so many; return the seconds it took, with what follows."""
    began = time.perf_counter()
    connection = await driver.connect(dsn)
    try:
        await connection.set_type_codec(
            "jsonb", schema="pg_catalog", encoder=_binary, decoder=bytes, format="binary"
        )
        async with _bare(connection):
            await connection.copy_records_to_table(
                TABLE, columns=COLUMNS, records=_rows(company, count)
            )
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return time.perf_counter() - began


@asynccontextmanager
async def _bare(connection: Any) -> AsyncGenerator[None]:
    """Take indexes and foreign keys away, and make them anew, which takes half the time."""
    indexes = await connection.fetch(INDEXES, TABLE)
    keys = await connection.fetch(FOREIGN_KEYS, TABLE)
    for key in keys:
        await connection.execute(f"ALTER TABLE {TABLE} DROP CONSTRAINT {key['name']}")
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    yield
    for made in indexes:
        await connection.execute(made["definition"])
    for key in keys:
        await connection.execute(
            f"ALTER TABLE {TABLE} ADD CONSTRAINT {key['name']} {key['definition']}"
        )


def _binary(json: bytes) -> bytes:
    return b"\x01" + json


def _rows(company: Company, count: int) -> Iterator[tuple[Any, ...]]:
    """Give the entries as they came about: day by day, of everybody in turn."""
    today = clock.now().date()
    diaries = [_Diary(company, person) for person in company.people]
    for number in range(DAYS):
        day = today - timedelta(days=DAYS - number)
        for n in range(count * (number + 1) // DAYS - count * number // DAYS):
            # On quiet days it is not always the same people who have worked.
            diary = diaries[(n + number) % len(diaries)]
            yield diary.row(day, n // len(diaries))


class _Diary:
    """What one person has done."""

    def __init__(self, company: Company, person: Person) -> None:
        self._dice = dice("entries", person.id)
        self._works = self._dice.sample(company.works, 12)
        self._person = person
        self._zone = ZoneInfo(person.time_zone)

    def row(self, day: date, nth: int) -> tuple[Any, ...]:
        """Return the nth entry of a day."""
        throw, person = self._dice.random, self._person
        work = self._works[int(throw() * 12)]
        begins = datetime(day.year, day.month, day.day, BEGINS_AT, tzinfo=UTC) + nth * STEP
        seconds = 300 + int(throw() * 15) * 60
        ends = begins + timedelta(seconds=seconds)
        notes = NOTES[int(throw() * len(NOTES))] if throw() < 0.8 else None
        return (
            person.id,
            work.client_id,
            work.project_id,
            work.task_ids[int(throw() * len(work.task_ids))] if throw() < 0.8 else None,
            begins,
            ends,
            seconds,
            person.time_zone,
            begins.astimezone(self._zone).date(),
            notes,
            (notes or "").lower(),
            orjson.dumps([TAGS[int(throw() * len(TAGS))]] if throw() < 0.4 else []),
            work.billable,
            person.hourly_rate,
            "EUR",
            "user",
            "manual" if throw() < 0.6 else "timer",
            True,
            self._custom_fields(),
            1,
            ends,
            ends,
        )

    def _custom_fields(self) -> bytes:
        throw = self._dice.random
        values: dict[str, Any] = {"activity": ACTIVITIES[int(throw() * len(ACTIVITIES))]}
        if throw() < 0.3:
            values["ticket"] = f"WEB-{int(throw() * 200_000)}"
        if values["activity"] == "travel":
            values["kilometres"] = f"{1 + int(throw() * 300)}.{int(throw() * 10)}"
        return orjson.dumps(values)

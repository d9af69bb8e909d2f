"""Many rows are changed in batches: each once, whatever happens in between."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from chains import Chain, shipped
from copies import Place, apart, done, execute, refused, typed
from timetracker_api.migrations import scripting

ROWS = 25

TABLES = """
op.create_table("people", sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("touched", sa.Integer, nullable=False))
op.create_table(
    "data_migrations", sa.Column("name", sa.String, primary_key=True),
    *(sa.Column(name, sa.String, nullable=name == "error") for name in ("status", "error")),
    *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("cursor", "done", "total")),
    *(sa.Column(name, sa.DateTime(timezone=True)) for name in ("started_at", "finished_at")),
)
"""

FILL = f"""
for id in range(3, {ROWS} * 3 + 1, 3):
    op.execute(f"INSERT INTO people VALUES ({{id}}, 0)")
"""  # noqa: S608 - it is our own

JOB = """
import os
import sys
from timetracker_api.migrations import data

def touch(connection, first, last):
    touched = sa.text("UPDATE people SET touched = touched + 1 WHERE id BETWEEN :first AND :last")
    connection.execute(touched, {"first": first, "last": last})
    if last == int(os.environ.get("HANG_AT", 0)):
        print("hanging", flush=True)
        sys.stdin.read()
    if os.environ.get("FAIL_AT") == str(last):
        raise ValueError("no such person")

data_migration = data.Batches("touch_people", "people", touch)
"""


@pytest.fixture
def jobs(chain: Chain) -> Iterator[Chain]:
    """A table of rows, a job that changes them, and a revision that waits for it."""
    chain.add(TABLES + FILL)
    chain.add("data.enqueue(data_migration)", "data.withdraw(data_migration)", top=JOB)
    with shipped(chain):
        yield chain


@pytest.fixture
def url(jobs: Chain, place: Place) -> str:  # noqa: ARG001 - which every command takes for ours
    """A database that has been asked for the job."""
    url = place.empty()
    done("upgrade", "0002_x", "--database-url", url)
    return url


def touched(url: str) -> set[int]:
    return {times for (times,) in execute(url, text("SELECT DISTINCT touched FROM people"))}


def run(url: str, *options: str) -> str:
    return done("data", "run", "touch_people", "--sleep", "0", "--database-url", url, *options)


def test_every_row_is_changed_once(url: str):
    at = ("--database-url", url)
    assert done("data", "status", *at) == "touch_people: waiting, 0 of 0 rows\n"
    assert run(url, "--batch", "10") == f"touch_people: done, {ROWS} of {ROWS} rows\n"
    assert touched(url) == {1}
    assert run(url) == f"touch_people: done, {ROWS} of {ROWS} rows\n"
    assert touched(url) == {1}


def test_progress_goes_to_standard_error(url: str):
    result = typed(
        "data", "run", "touch_people", "--batch", "10", "--sleep", "0", "--database-url", url
    )
    assert [line.split(", ")[1] for line in result.stderr.splitlines()] == [
        f"{rows} of {ROWS} rows" for rows in (10, 20, 25, 25)
    ]


def test_how_far_it_is_can_be_asked_in_json(url: str):
    run(url)
    result = typed("data", "status", "--json", "--database-url", url)
    (standing,) = json.loads(result.stdout)["data"]
    assert standing["started_at"] <= standing["finished_at"]
    assert (standing["status"], standing["done"], standing["error"]) == ("done", ROWS, None)


RUN = """
import asyncio, sys
from pathlib import Path
from timetracker_api.migrations.data import running
from timetracker_api.settings import Settings
settings = Settings(database_url=sys.argv[1], migration_database_url=None)
asyncio.run(running.run(
    settings, "touch_people", batch=5, pause=float(sys.argv[3]), folder=Path(sys.argv[2]),
    say=lambda said: print(said, flush=True),
))
"""


def started(url: str, chain: Chain, pause: float, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", RUN, url, str(chain.folder), str(pause)],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("place_of_death", ["between batches", "within a batch"])
def test_who_is_killed_is_followed_by_who_resumes(url: str, jobs: Chain, place_of_death: str):
    within = place_of_death == "within a batch"
    pause, environment = (0, {"HANG_AT": "30"}) if within else (3600, {})
    with started(url, jobs, pause, **environment) as process:
        assert process.stdout
        first = process.stdout.readline()
        assert first == f"touch_people: running, 5 of {ROWS} rows\n"
        if within:
            assert process.stdout.readline() == "hanging\n"
        process.send_signal(signal.SIGKILL)
    assert touched(url) == {0, 1}
    assert run(url, "--batch", "10") == f"touch_people: done, {ROWS} of {ROWS} rows\n"
    assert touched(url) == {1}


def test_two_who_run_it_share_the_work(url: str, jobs: Chain):
    both = [started(url, jobs, 0) for _ in range(2)]
    said = [process.communicate()[0].splitlines()[-1] for process in both]
    assert said == [f"touch_people: done, {ROWS} of {ROWS} rows"] * 2
    assert touched(url) == {1}


def test_a_batch_that_fails_is_rolled_back_and_tried_again(
    url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("FAIL_AT", "60")
    result = typed(
        "data", "run", "touch_people", "--batch", "10", "--sleep", "0", "--database-url", url
    )
    assert result.exit_code == 14
    assert "a batch of touch_people failed and was rolled back: no such person" in result.stderr
    told = f"touch_people: failed, 10 of {ROWS} rows: no such person"
    assert done("data", "status", "--database-url", url) == f"{told}\n"
    assert told in typed("status", "--database-url", url).stdout
    monkeypatch.delenv("FAIL_AT")
    assert "done" in run(url)
    assert touched(url) == {1}


def test_rows_that_come_meanwhile_are_changed_as_well(url: str):
    run(url)
    execute(
        url,
        text("UPDATE data_migrations SET status = 'running'"),
        text("INSERT INTO people VALUES (1000, 0)"),
    )
    assert run(url) == f"touch_people: done, {ROWS + 1} of {ROWS} rows\n"
    assert touched(url) == {1}


# Who waits for it


def test_a_revision_waits_until_it_is_finished(url: str, jobs: Chain):
    jobs.add('data.require("touch_people")', top="from timetracker_api.migrations import data")
    with shipped(jobs):
        waiting = typed("upgrade", "--no-backup", "--database-url", url)
        assert waiting.exit_code == 20
        assert "timetracker-api db data run touch_people" in waiting.stderr
        run(url)
        assert done("upgrade", "--database-url", url) == "now at 0003_x (head)\n"


def test_in_an_empty_table_it_is_done(chain: Chain, place: Place):
    chain.add(TABLES)
    chain.add("data.enqueue(data_migration)", top=JOB)
    chain.add('data.require("touch_people")', top="from timetracker_api.migrations import data")
    with shipped(chain):
        url = place.empty()
        assert done("upgrade", "--database-url", url) == "now at 0003_x (head)\n"
        assert "done, 0 of 0" in done("data", "status", "--database-url", url)


def test_who_writes_sql_gets_the_same_demand(jobs: Chain):
    jobs.add('data.require("touch_people")', top="from timetracker_api.migrations import data")
    with shipped(jobs):
        sql = scripting.by_revision(apart(scripting.upgrade_sql("base:head")))
    assert "INSERT INTO data_migrations" in sql["0002_x"]
    assert "RAISE EXCEPTION 'this waits for the data migration touch_people'" in sql["0003_x"]


def test_a_downgrade_takes_the_asking_back(url: str):
    done("downgrade", "-1", "--yes", "--database-url", url)
    assert "no revision has asked" in done("data", "status", "--database-url", url)
    assert "db upgrade" in refused(5, "data", "run", "touch_people", "--database-url", url)


def test_what_no_revision_brings_cannot_be_run(url: str):
    said = refused(2, "data", "run", "nonsense", "--database-url", url)
    assert said == ("no revision brings a data migration nonsense. Those there are: touch_people.")


def test_a_database_of_a_newer_release_is_left_alone(url: str):
    execute(url, text("UPDATE alembic_version SET version_num = '9999_future'"))
    assert "newer" in refused(8, "data", "run", "touch_people", "--database-url", url)
    assert touched(url) == {0}


@pytest.mark.usefixtures("jobs")
def test_before_there_is_a_database_nothing_has_been_asked_for(place: Place):
    url = place.empty()
    assert "no revision has asked" in done("data", "status", "--database-url", url)
    assert "db upgrade" in refused(5, "data", "run", "touch_people", "--database-url", url)

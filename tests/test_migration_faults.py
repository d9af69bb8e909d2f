"""Upgrades that are killed, and upgrades at once: real processes, on chains of our own."""

import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import text

from chains import FAMILY, Chain
from copies import Place, execute

RUN = """
import asyncio, sys
from pathlib import Path
from timetracker_api.migrations import commands
from timetracker_api.settings import Settings
settings = Settings(database_url=sys.argv[1], migration_database_url=None)
outcome = asyncio.run(commands.upgrade(settings, folder=Path(sys.argv[2])))
print(" ".join(outcome.steps))
"""

HANG = """
op.execute("DELETE FROM children WHERE id = 2")
op.execute("INSERT INTO parents VALUES (2, 'Grace')")
if os.environ.get("HANG"):
    print("hanging", flush=True)
    sys.stdin.read()
"""


def started(url: str, chain: Chain, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", RUN, url, str(chain.folder)],
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def url(place: Place) -> str:
    return place.empty()


def test_an_upgrade_that_is_killed_leaves_no_trace_and_the_next_one_resumes(url: str, chain: Chain):
    first = chain.add(FAMILY)
    second = chain.add(HANG, top="import os, sys")
    with started(url, chain, HANG="1") as process:
        assert process.stdout
        assert process.stdout.readline() == "hanging\n"
        process.send_signal(signal.SIGKILL)
    assert execute(url, text("SELECT version_num FROM alembic_version")) == [(first,)]
    assert execute(url, text("SELECT count(*) FROM children")) == [(2,)]
    said, _ = started(url, chain).communicate()
    assert said == f"{second}\n"
    assert execute(url, text("SELECT name FROM parents ORDER BY id")) == [("Ada",), ("Grace",)]


def test_of_four_upgraders_one_does_it_and_three_find_it_done(url: str, chain: Chain):
    first = chain.add(FAMILY)
    second = chain.add('create_index_online("ix_name", "parents", ["name"])')
    third = chain.add('op.add_column("parents", sa.Column("email", sa.String))')
    four = [started(url, chain) for _ in range(4)]
    said = sorted(process.communicate()[0] for process in four)
    assert [process.returncode for process in four] == [0] * 4
    assert said == ["\n"] * 3 + [f"{first} {second} {third}\n"]
    assert execute(url, text("SELECT name, email FROM parents")) == [("Ada", None)]

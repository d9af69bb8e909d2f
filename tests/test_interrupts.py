"""Whoever interrupts a command of `db` gets an answer, and a database and folders in good order."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import make_url, text

from chains import Chain, shipped
from copies import Place, content, done, execute
from servers import Ended, environment
from test_backup_faults import PATIENCE, fill
from test_data_migrations import FILL, JOB, TABLES
from timetracker_api.migrations import revisions
from timetracker_api.migrations.backups.folder import UNFINISHED

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}

RUN = """
import sys
from pathlib import Path
from timetracker_api.migrations import revisions

folder = Path(sys.argv.pop(1))
revisions.location = lambda: folder
from timetracker_api.cli import app

app()
"""

BUSY = """
import sys, time
sys.stderr.write("hanging\\n")
time.sleep(60)
"""

WAITING = """
import sys
sys.stderr.write("hanging\\n")
op.execute("SELECT pg_sleep(60)")
"""

FINALISING = """
import sys, time

class Resource:
    def __del__(self):
        sys.stderr.write("hanging\\n")
        time.sleep(60)

Resource()
op.execute("SELECT 1")
"""


@pytest.fixture(params=CODES, ids=lambda number: number.name)
def number(request: pytest.FixtureRequest) -> signal.Signals:
    return request.param


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands keep what is temporary."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def interrupted(
    number: signal.Signals,
    happened: Callable[[Path], bool],
    *arguments: str,
    scripts: Path | None = None,
) -> Ended:
    """Run a command in a process of its own, send it a signal once something has happened."""
    stderr = Path(os.environ["TIMETRACKER_BACKUP_DIR"]).parent / "stderr"
    with (
        stderr.open("w") as errors,
        subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", RUN, str(scripts or revisions.location()), "db", *arguments],
            env=environment(TIMETRACKER_BACKUP_DIR=os.environ["TIMETRACKER_BACKUP_DIR"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        deadline = monotonic() + PATIENCE
        while process.poll() is None and monotonic() < deadline and not happened(stderr):
            sleep(0.001)
        process.send_signal(number)
        try:
            stdout, _ = process.communicate(timeout=PATIENCE / 2)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Ended(process.returncode, stdout, stderr.read_text())


def answered(ended: Ended, number: signal.Signals) -> None:
    """Make sure that a command has said what became of it, to people and to programs."""
    assert ended.exit_code == CODES[number], ended
    *_, last = ended.stderr.splitlines()
    assert last.startswith("interrupted; ")
    assert "Traceback" not in ended.stderr
    document = json.loads(ended.stdout)
    assert (document["ok"], document["exit_code"]) == (False, CODES[number])
    assert document["error"]["code"] == "interrupted"


def hanging(stderr: Path) -> bool:
    return "hanging" in stderr.read_text()


@pytest.fixture
def slow(chain: Chain) -> Iterator[Chain]:
    with shipped(chain):
        yield chain


@pytest.mark.parametrize(
    ("place", "slowly"),
    [
        ("sqlite", BUSY),
        ("postgresql", BUSY),
        ("sqlite", FINALISING),
        ("postgresql", FINALISING),
        ("postgresql", WAITING),
    ],
    indirect=["place"],
    ids=[
        "sqlite, busy",
        "postgresql, busy",
        "sqlite, finalising",
        "postgresql, finalising",
        "postgresql, waiting",
    ],
)
def test_an_interrupted_upgrade_is_rolled_back(
    place: Place, slow: Chain, slowly: str, number: signal.Signals
):
    slow.add('op.create_table("a", sa.Column("id", sa.Integer))')
    slow.add(f'op.create_table("b", sa.Column("id", sa.Integer))\n{slowly}')
    at = ("--database-url", place.empty())
    arguments = ("upgrade", "--json", *at)
    answered(interrupted(number, hanging, *arguments, scripts=slow.folder), number)
    assert done("current", *at) == "0001_x, 1 pending\n"
    execute(at[1], text("CREATE TABLE b (id integer)"), text("DROP TABLE b"))
    slow.add("pass", after="0001_x")
    (slow.folder / "versions" / "0002_x.py").unlink()
    revisions.scripts.cache_clear()
    assert "now at 0003_x" in done("upgrade", "--lock-wait", "0", "--no-backup", *at)


@pytest.mark.parametrize("format", ["native", "portable"])
def test_an_interrupted_backup_leaves_nothing_behind(
    place: Place, format: str, number: signal.Signals
):
    url, backups = place.full(), place.folder / "backups"
    fill(url)

    def begun(_: Path) -> bool:
        with suppress(FileNotFoundError):
            return any(part.stat().st_size for part in backups.glob("*.part"))
        return False

    arguments = ("backup", "--json", "--format", format, "--database-url", url)
    answered(interrupted(number, begun, *arguments), number)
    assert not list(backups.glob("timetracker-*"))
    assert place.backup(url, "--format", format).exists()


def test_an_interrupted_restore_has_done_nothing(place: Place, number: signal.Signals):
    url, target = place.full(), place.full()
    before = content(target)
    fill(url)
    backup = place.backup(url, "--format", "portable")
    file = Path(make_url(target).database or "")

    def begun(_: Path) -> bool:
        if place.dialect == "sqlite":
            return bool(list(place.folder.glob(f"{file.name}{UNFINISHED}*")))
        found = "SELECT 1 FROM pg_namespace WHERE nspname = 'timetracker_restoring'"
        return bool(execute(target, text(found)))

    options = ("restore", str(backup), "--in-place", "--yes", "--database-url", target)
    answered(interrupted(number, begun, *options, "--json"), number)
    assert content(target) == before
    done(*options)
    assert not list(place.folder.glob("*.part*"))


def test_an_interrupted_rehearsal_takes_its_copies_away(
    place: Place, temporary: Path, number: signal.Signals
):
    url = place.full()
    fill(url)

    def begun(_: Path) -> bool:
        with suppress(FileNotFoundError):
            return any(copy.stat().st_size for copy in temporary.rglob("timetracker-*.part"))
        return False

    answered(interrupted(number, begun, "verify", "--json", "--database-url", url), number)
    assert not list(temporary.iterdir())
    if place.dialect == "postgresql":
        query = (
            "SELECT 1 FROM pg_database WHERE datname LIKE 'timetracker_scratch_' ||"
            " (SELECT oid FROM pg_database WHERE datname = current_database()) || '_%'"
        )
        assert not execute(url, text(query))


@pytest.mark.parametrize("within", [True, False], ids=["within a batch", "between batches"])
def test_an_interrupted_data_migration_resumes(
    place: Place, chain: Chain, number: signal.Signals, within: object
):
    at = ("--database-url", place.empty())
    hang = 'import time\n    if last == 30: sys.stderr.write("hanging\\n"); time.sleep(60)'
    job = JOB.replace("if os.environ", f"{hang}\n    if os.environ", 1) if within else JOB
    chain.add(TABLES + FILL)
    chain.add("data.enqueue(data_migration)", "data.withdraw(data_migration)", top=job)
    with shipped(chain):
        done("upgrade", "--no-backup", *at)

        def begun(stderr: Path) -> bool:
            return hanging(stderr) if within else "5 of 25 rows" in stderr.read_text()

        pause = ("--sleep", "0" if within else "60")
        arguments = ("data", "run", "touch_people", "--batch", "5", *pause, "--json", *at)
        answered(interrupted(number, begun, *arguments, scripts=chain.folder), number)
        assert "running, 5 of 25 rows" in done("data", "status", *at)
    assert execute(at[1], text("SELECT count(*) FROM people WHERE touched = 1")) == [(5,)]

"""Whatever interrupts a backup or a restore, nothing is lost and the next attempt works."""

import json
import os
import resource
import signal
import subprocess
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import make_url, text

from copies import Place, content, done, execute, programs, refused
from servers import command, environment
from timetracker_api.migrations.backups.folder import UNFINISHED

PATIENCE = 60


@contextmanager
def killed_when(
    happened: Callable[[], bool], *arguments: str, limit: int = 0, **variables: str
) -> Generator[subprocess.Popen[str]]:
    """Run a command in a process of its own, and kill it as soon as something has happened."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        command("db", *arguments),
        env=environment(TIMETRACKER_BACKUP_DIR=os.environ["TIMETRACKER_BACKUP_DIR"], **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=(lambda: _limit(limit)) if limit else None,  # noqa: PLW1509 - no threads here
    )
    with process:
        deadline = monotonic() + PATIENCE
        while process.poll() is None and monotonic() < deadline and not happened():
            sleep(0.001)
        process.kill()
        yield process


def _limit(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def fill(url: str) -> None:
    """Make copying take a moment: forty megabytes that cannot be compressed much."""
    if url.startswith("sqlite"):
        noise = "hex(randomblob(2000))"
        series = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s LIMIT 10000) "
    else:
        noise = (
            "(SELECT string_agg(md5(random()::text || m || n), '') FROM generate_series(1, 125) m)"
        )
        series = "WITH s(n) AS (SELECT generate_series(1, 10000)) "
    columns = "occurred_at, type, entity_type, entity_id, changes, request_id"
    execute(
        url,
        text(
            f"INSERT INTO events ({columns}) {series}"  # noqa: S608 - a test's own
            f"SELECT '2026-01-01 00:00:00.000000+00', 'x', 'x', n, '{{}}', {noise} FROM s"
        ),
    )


def stub(folder: Path, name: str, script: str) -> str:
    """Put a script in the place of one of PostgreSQL's programs, and return the PATH with it."""
    folder.mkdir()
    for program in programs().iterdir():
        (folder / program.name).symlink_to(program)
    (folder / name).unlink()
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize("format", ["native", "portable"])
def test_a_backup_that_is_killed_leaves_nothing_behind(place: Place, format: str):
    url, backups = place.full(), place.folder / "backups"
    fill(url)
    before = content(url)

    def begun() -> bool:
        return any(part.stat().st_size for part in backups.glob("*.part"))

    with killed_when(begun, "backup", "--format", format, "--database-url", url) as process:
        assert process.wait() == -signal.SIGKILL
    assert [file.suffix for file in backups.glob("timetracker-*")].count(".part") == 1
    assert content(url) == before
    backup = place.backup(url, "--format", format)
    assert {file.name for file in backups.glob("timetracker-*")} == {
        backup.name,
        f"{backup.name}.json",
    }


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
@pytest.mark.parametrize("into", ["an empty database", "a live one"])
def test_a_restore_that_is_killed_has_done_nothing(place: Place, into: str):
    url = place.full()
    target = place.empty() if into == "an empty database" else place.full()
    before = content(target) if into == "a live one" else None
    fill(url)
    backup = place.backup(url)
    file = Path(make_url(target).database or "")
    ending = UNFINISHED if before is None else "-wal"

    def begun() -> bool:
        growing = file.with_name(file.name + ending)
        with suppress(FileNotFoundError):
            return growing.stat().st_size > 1 << 20
        return False

    options = ("restore", str(backup), "--in-place", "--yes", "--database-url", target)
    with killed_when(begun, *options) as process:
        assert process.wait() == -signal.SIGKILL
    assert (content(target) if file.exists() else None) == before
    done(*options)
    assert content(target) == content(url)
    assert not list(place.folder.glob("*.part"))


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("into", ["an empty database", "a live one"])
def test_a_restore_that_is_killed_before_its_end_is_rolled_back(
    place: Place, into: str, monkeypatch: pytest.MonkeyPatch
):
    url = place.full()
    backup = place.backup(url)
    target = place.empty()
    if into == "a live one":
        done("restore", str(backup), "--yes", "--database-url", target)
        execute(target, text("DELETE FROM time_entries"))
    tables = text("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    before = execute(target, tables)
    # All of the backup is read, and then nothing comes any more.
    script = f'{programs()}/pg_restore "$@"; case "$*" in *-f\\ -*) exec sleep 60;; esac'
    path = os.environ["PATH"]
    monkeypatch.setenv("PATH", stub(place.folder / "bin", "pg_restore", script))
    waiting = text(
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'timetracker-api restore'"
        " AND datname = current_database() AND state = 'idle in transaction' AND "
        " query LIKE 'ALTER TABLE ONLY%'"
    )
    options = ("restore", str(backup), "--in-place", "--yes", "--database-url", target)
    with killed_when(lambda: bool(execute(target, waiting)), *options) as process:
        assert process.wait() == -signal.SIGKILL
    assert execute(target, tables) == before
    monkeypatch.setenv("PATH", path)
    done(*options)
    assert content(target) == content(url)


RESTORING = "datname = current_database() AND application_name = 'timetracker-api restore'"


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("ending", ["the server ends its connection", "Ctrl-C"])
def test_a_restore_that_ends_in_the_middle_ends_and_has_done_nothing(place: Place, ending: str):
    url, target = place.full(), place.empty()
    fill(url)
    backup = place.backup(url)
    large = "query LIKE 'COPY public.events%'"
    copying = text(f"SELECT pid FROM pg_stat_activity WHERE {RESTORING} AND {large}")  # noqa: S608 - our own
    process = subprocess.Popen(  # noqa: S603 - our own command
        command("db", "restore", str(backup), "--yes", "--database-url", target),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        deadline = monotonic() + PATIENCE
        while not (found := execute(target, copying)) and process.poll() is None:
            assert monotonic() < deadline
        if ending == "Ctrl-C":
            process.send_signal(signal.SIGINT)
        else:
            execute(target, text(f"SELECT pg_terminate_backend({found[0][0]})"))
        _, complaint = process.communicate(timeout=PATIENCE)
    if ending != "Ctrl-C":
        assert process.returncode == 17, complaint
        assert "terminating connection" in complaint
    assert not execute(target, text(f"SELECT 1 FROM pg_stat_activity WHERE {RESTORING}"))  # noqa: S608 - our own
    assert "no revision" in done("current", "--database-url", target)
    done("restore", str(backup), "--yes", "--database-url", target)


def test_a_portable_restore_that_is_killed_has_done_nothing(place: Place):
    url, target = place.full(), place.empty()
    fill(url)
    backup = place.backup(url, "--format", "portable")

    def begun() -> bool:
        if place.dialect == "sqlite":
            return bool(list(place.folder.glob("*.part-*")))
        found = "SELECT 1 FROM pg_namespace WHERE nspname = 'timetracker_restoring'"
        return bool(execute(target, text(found)))

    options = ("restore", str(backup), "--yes", "--database-url", target)
    with killed_when(begun, *options) as process:
        assert process.wait() == -signal.SIGKILL
    assert "no revision" in done("current", "--database-url", target)
    done(*options)
    assert content(target) == content(url)


@pytest.mark.parametrize("format", ["native", "portable"])
def test_a_full_disk_ends_a_backup_in_one_line(place: Place, format: str):
    url = place.full()
    fill(url)
    arguments = ("backup", "--format", format, "--database-url", url)
    with killed_when(lambda: False, *arguments, limit=1 << 20) as process:
        stderr = process.stderr.read() if process.stderr else ""
        assert process.wait() == 13, stderr
    [line] = stderr.splitlines()
    assert "no space is left" in line
    assert not list((place.folder / "backups").glob("timetracker-*"))


@pytest.mark.parametrize("format", ["native", "portable"])
@pytest.mark.parametrize("damage", ["truncated", "a bit", "empty", "gone"])
def test_a_damaged_backup_is_refused(place: Place, format: str, damage: str):
    backup, target = place.backup(place.full(), "--format", format), place.empty()
    whole = backup.read_bytes()
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    backup.write_bytes({"truncated": whole[:-1], "a bit": flipped}.get(damage, b""))
    if damage == "gone":
        backup.unlink()
    refused(17, "verify", str(backup))
    refused(17, "restore", str(backup), "--yes", "--database-url", target)
    assert "no revision" in done("current", "--database-url", target)


def test_a_backup_without_its_manifest_is_refused(place: Place):
    backup = place.backup(place.full())
    manifest = backup.with_name(f"{backup.name}.json")
    manifest.write_text(json.dumps({"format": "sqlite"}))
    assert "not the manifest" in refused(17, "verify", str(backup))
    manifest.unlink()
    assert "Keep a backup and its manifest together" in refused(17, "verify", str(backup))

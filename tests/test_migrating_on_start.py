"""A database is backed up before it moves, and moves by itself where the service is told so."""

import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from copies import Place, done, execute, refused, typed
from servers import run, serving
from timetracker_api.migrations import revisions

BEFORE, HEAD = [script.revision for script in revisions.scripts().walk_revisions()][1::-1]

on_sqlite = pytest.mark.parametrize("place", ["sqlite"], indirect=True)

UPGRADE = {"TIMETRACKER_MIGRATE_ON_START": "upgrade"}


@pytest.fixture
def behind(place: Place) -> str:
    """The URL of a database with data, at the revision before the last."""
    url = place.full()
    done("downgrade", BEFORE, "--yes", "--no-backup", "--database-url", url)
    return url


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    """The folder for backups: beside the SQLite file, and where the service starts."""
    return tmp_path / "backups"


def files(folder: Path) -> list[Path]:
    """The backups in a folder."""
    return [file.with_suffix("") for file in folder.glob("*.json")]


def document(*arguments: str) -> dict[str, Any]:
    return json.loads(typed(*arguments, "--json").stdout)


def revision(url: str) -> str:
    [(found,)] = execute(url, text("SELECT version_num FROM alembic_version"))
    return found


# The commands


@pytest.mark.parametrize(
    "command", [("upgrade",), ("downgrade", "-1", "--yes")], ids=["upgrade", "downgrade"]
)
def test_what_moves_is_backed_up_first(
    place: Place, behind: str, backups: Path, command: tuple[str, ...]
):
    before = entered(behind)
    answer = document(*command, "--database-url", behind)
    [backup] = files(backups)
    said = json.loads(backup.with_name(f"{backup.name}.json").read_text())
    assert answer["ok"] is True
    assert answer["backup"] == {
        "path": str(backup),
        "bytes": backup.stat().st_size,
        "sha256": said["sha256"],
        "verified": True,
    }
    copy = place.empty()
    done("restore", str(backup), "--yes", "--database-url", copy)
    assert revision(copy) == BEFORE
    assert entered(copy) == before


def entered(url: str) -> list[tuple[Any, ...]]:
    """Something that only somebody who used the service has entered."""
    return execute(url, text("SELECT id, name, custom_fields FROM clients ORDER BY id"))


def test_where_the_backup_is_is_said_before_anything_changes(behind: str, backups: Path):
    result = typed("upgrade", "--database-url", behind)
    [backup] = files(backups)
    assert result.stderr.splitlines()[0] == f"backed up to {backup}"


def test_nobody_waits_for_a_backup_of_nothing(place: Place, backups: Path):
    url = place.empty()
    assert document("upgrade", "--database-url", url)["backup"] is None
    assert document("downgrade", "-1", "--yes", "--database-url", url)["backup"] is None
    assert not backups.exists()


def test_what_has_nothing_to_do_makes_no_backup(place: Place, backups: Path):
    assert document("upgrade", "--database-url", place.full())["backup"] is None
    assert not backups.exists()


def test_a_backup_can_be_done_without(behind: str, backups: Path):
    assert document("upgrade", "--no-backup", "--database-url", behind)["backup"] is None
    assert revision(behind) == HEAD
    assert not backups.exists()


@pytest.mark.parametrize("command", [("upgrade",), ("downgrade", "-1", "--yes")])
def test_without_the_backup_nothing_is_changed(
    behind: str, backups: Path, command: tuple[str, ...]
):
    backups.write_text("This is a letter, not a folder.")
    said = refused(13, *command, "--database-url", behind)
    assert said.startswith(f"nothing was changed, because there is no backup: {backups}")
    assert revision(behind) == BEFORE


# The start


def test_a_service_that_is_told_to_upgrades_and_keeps_what_was_before(
    tmp_path: Path, behind: str, backups: Path
):
    with serving(tmp_path, TIMETRACKER_DATABASE_URL=behind, **UPGRADE) as server:
        server.wait_until()
        [backup] = files(backups)
        assert f"Upgraded the database from {BEFORE} to {HEAD}.\n" in server.stdout
        assert f"As it was before: {backup}\n" in server.stdout
        ended = server.end()
    assert ended.exit_code == 0
    assert "Traceback" not in ended.stderr
    assert revision(behind) == HEAD


def test_a_service_that_only_checks_says_why_it_is_not_ready(tmp_path: Path, behind: str):
    with serving(tmp_path, TIMETRACKER_DATABASE_URL=behind) as server:
        server.wait_until(status=503)
        answer = httpx.get(f"{server.url}/health/ready")
        assert answer.json()["detail"] == (
            f"the database is at {BEFORE}, the head is {HEAD}. Run `timetracker-api db upgrade`."
        )
        assert revision(behind) == BEFORE
        done("upgrade", "--no-backup", "--database-url", behind)
        server.wait_until()
        execute(behind, text("UPDATE alembic_version SET version_num = '9999_from_the_future'"))
        server.wait_until(status=503)
        answer = httpx.get(f"{server.url}/health/ready")
        assert "newer than this release" in answer.json()["detail"]


def test_a_start_that_cannot_upgrade_ends_with_one_line(tmp_path: Path, behind: str):
    """And the exit code is that of `db upgrade`."""
    execute(behind, text("UPDATE alembic_version SET version_num = '9999_from_the_future'"))
    ended = run(tmp_path, "serve", "--port", "0", TIMETRACKER_DATABASE_URL=behind, **UPGRADE)
    assert ended.exit_code == 8
    [line] = ended.stderr.splitlines()
    assert "newer than this release" in line
    assert ended.stdout == ""


def test_of_several_that_start_at_once_one_upgrades(tmp_path: Path, behind: str, backups: Path):
    variables = {"TIMETRACKER_DATABASE_URL": behind, **UPGRADE}
    with ExitStack() as stack:
        servers = [stack.enter_context(serving(tmp_path, **variables)) for _ in range(3)]
        for server in servers:
            server.wait_until()
        assert sum("Upgraded the database" in server.stdout for server in servers) == 1
    assert len(files(backups)) == 1


# The embedded database


@pytest.fixture
def embedded(place: Place, behind: str) -> Path:
    """A folder in which the service was used before, with an older release."""
    folder = place.folder / "home"
    folder.mkdir()
    shutil.move(behind.removeprefix("sqlite:///"), folder / "timetracker.db")
    return folder


@on_sqlite
def test_the_embedded_database_upgrades_itself_after_a_backup(embedded: Path):
    with serving(embedded) as server:
        server.wait_until()
        [backup] = files(embedded / "backups")
        assert f"As it was before: {backup}\n" in server.stdout
        assert "password" not in server.stdout
    assert revision(f"sqlite:///{embedded / 'timetracker.db'}") == HEAD


@on_sqlite
def test_the_embedded_database_stays_as_it_was_where_it_cannot_be_backed_up(embedded: Path):
    Path(embedded, "backups").write_text("This is a letter, not a folder.")
    ended = run(embedded, "serve", "--port", "0")
    assert (ended.exit_code, ended.stdout) == (13, "")
    assert ended.stderr.startswith("nothing was changed, because there is no backup: ")
    assert revision(f"sqlite:///{embedded / 'timetracker.db'}") == BEFORE

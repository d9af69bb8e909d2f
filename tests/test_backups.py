"""Backups hold everything there was at one moment, and say so."""

import json
import stat
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import make_url, text

from copies import ROWS, Place, content, done, execute, refused, typed
from timetracker_api.migrations import revisions

HEAD = revisions.scripts().get_heads()[0]
SUFFIX = {"sqlite": ".sqlite3", "postgresql": ".dump"}


def manifest(backup: Path) -> dict[str, Any]:
    return json.loads(backup.with_name(f"{backup.name}.json").read_text())


@pytest.mark.parametrize("format", ["native", "portable"])
def test_a_backup_is_whole_private_and_has_a_manifest(place: Place, format: str):
    backup = place.backup(place.full(), "--format", format)
    said = manifest(backup)
    assert backup.name.startswith(f"timetracker-{place.dialect}-{HEAD}-")
    assert backup.suffix == (SUFFIX[place.dialect] if format == "native" else ".ttb")
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert (said["revision"], said["verified"]) == (HEAD, True)
    assert said["bytes"] == backup.stat().st_size
    assert sum(said["tables"].values()) == ROWS
    assert f"{ROWS} rows" in done("verify", str(backup))
    names = {file.name for file in backup.parent.iterdir()}
    assert names == {backup.name, f"{backup.name}.json", ".timetracker-backups.lock"}


def test_a_backup_can_have_a_name_of_ones_own(place: Place):
    url, file = place.full(), place.folder / "mine"
    assert place.backup(url, str(file)) == file
    before = file.read_bytes()
    assert "there already" in refused(13, "backup", str(file), "--database-url", url)
    assert file.read_bytes() == before
    assert place.backup(url, str(place.folder)).parent == place.folder


@pytest.mark.parametrize("format", ["native", "portable"])
def test_what_was_committed_before_a_backup_is_in_it(place: Place, format: str):
    """And of what is committed meanwhile, everything up to one moment."""
    url, ledger, ended, enough = place.full(), place.folder / "ledger", Event(), Event()

    def write() -> None:
        rows = 0
        while not ended.is_set():
            rows += 1
            execute(
                url,
                text(
                    "INSERT INTO events (id, occurred_at, type, entity_type, entity_id, changes)"
                    " VALUES (:id, '2026-01-01 00:00:00.000000+00', 'x', 'x', 1, '{}')"
                ).bindparams(id=rows),
            )
            ledger.write_text(str(rows))
            if rows == 5:
                enough.set()

    writer = Thread(target=write)
    writer.start()
    assert enough.wait(60)
    committed = int(ledger.read_text() or "5")
    backup = place.backup(url, "--format", format)
    ended.set()
    writer.join()
    copy = place.empty()
    done("restore", str(backup), "--yes", "--database-url", copy)
    [(count, first, last)] = execute(copy, text("SELECT count(*), min(id), max(id) FROM events"))
    assert count >= committed
    assert (first, last) == (1, count)


def test_only_the_newest_backups_of_a_database_are_kept(place: Place):
    url = place.full()
    another = place.backup(place.full())
    foreign = another.parent / f"timetracker-{place.dialect}-{HEAD}-20200101T000000Z.dump"
    foreign.write_text("not ours: it has no manifest")
    backups = [place.backup(url) for _ in range(3)]
    newest = place.backup(url, "--keep", "2")
    left = {file for file in another.parent.iterdir() if file.suffix in {*SUFFIX.values()}}
    assert left == {another, foreign, backups[2], newest}


def test_a_setting_says_how_many_backups_are_kept(place: Place, monkeypatch: pytest.MonkeyPatch):
    url = place.full()
    monkeypatch.setenv("TIMETRACKER_BACKUP_KEEP", "1")
    first, second = place.backup(url), place.backup(url)
    assert (first.exists(), second.exists()) == (False, True)


def test_backups_are_beside_the_file_unless_somebody_says_otherwise(
    place: Place, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("TIMETRACKER_BACKUP_DIR")
    monkeypatch.chdir(place.folder)
    assert place.backup(place.full()).parent == place.folder / "backups"


def test_what_is_empty_or_not_ours_is_not_backed_up(place: Place):
    url = place.empty()
    assert "nothing to back up" in refused(13, "backup", "--database-url", url)
    execute(url, text("CREATE TABLE theirs (id INTEGER)"))
    assert "no revision" in refused(9, "backup", "--database-url", url)


def test_a_backup_answers_in_json(place: Place):
    url = place.full()
    answer = json.loads(done("backup", "--json", "--database-url", url))
    assert answer["backup"]["tables"]["time_entries"] == 2
    path = answer["backup"]["path"]
    assert json.loads(done("verify", path, "--json"))["backup"] == answer["backup"]
    (Path(path)).write_bytes(b"")
    found = typed("verify", path, "--json")
    assert json.loads(found.stdout)["error"]["code"] == "restore_failed"


def test_an_upgrade_can_be_rehearsed(place: Place):
    url = place.full()
    before = content(url)
    assert "went well" in done("verify", "--database-url", url)
    assert content(url) == before
    answer = json.loads(done("verify", "--json", "--database-url", url))
    assert list(answer["seconds"]) == ["backup", "restore", "upgrade", "downgrade", "upgrade again"]


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
def test_rehearsing_takes_the_right_to_create_a_database(place: Place):
    url, role = place.full(), "copies_reader"
    reads = f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    sequences = f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"
    execute(url, *map(text, (f"CREATE ROLE {role} LOGIN", reads, sequences)))
    try:
        theirs = make_url(url).set(username=role).render_as_string(hide_password=False)
        assert "CREATEDB" in refused(4, "verify", "--database-url", theirs)
    finally:
        execute(url, *map(text, (f"DROP OWNED BY {role}", f"DROP ROLE {role}")))

"""A database that is not what its revision made of it is found out."""

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import URL, text

from conftest import SERVER, settings_for
from drifted import document, drift, execute
from schema_changes import CHANGES, MISSED, TOLD
from timetracker_api.migrations import commands, fingerprint, revisions
from timetracker_api.migrations.connections import reading
from timetracker_api.migrations.failures import Unverified
from timetracker_api.migrations.fingerprint import recording
from timetracker_api.models import metadata
from timetracker_api.settings import async_url

EVERYTHING = [script.revision for script in revisions.scripts().walk_revisions()][::-1]
BEFORE, HEAD = EVERYTHING[-2:]
NICKNAME = "ALTER TABLE users ADD nickname VARCHAR"

only_postgresql = pytest.mark.parametrize("url", ["postgresql"], indirect=True)


# What is found out


async def test_of_fifty_changes_those_are_found_that_have_an_effect(url: URL):
    missed: set[str] = set()
    async with reading(url) as connection:
        for name, schemas in CHANGES.items():
            seen: list[fingerprint.Facts] = []
            for schema in schemas:
                await connection.run_sync(schema.create_all)
                seen.append(await connection.run_sync(fingerprint.facts))
                await connection.rollback()
            if fingerprint.digest(seen[0]) == fingerprint.digest(seen[1]):
                missed.add(name)
            else:
                assert fingerprint.differences(*seen), name
    assert len(CHANGES) == 50
    assert missed == MISSED[url.get_backend_name()]


async def test_what_somebody_has_changed_is_told_in_words(url: URL):
    statements, sentences = TOLD[url.get_backend_name()]
    await commands.upgrade(settings_for(url))
    await execute(url, *statements)
    assert await drift(url) == sorted(sentences)


@only_postgresql
async def test_an_index_that_is_not_valid_is_told(url: URL):
    await commands.upgrade(settings_for(url))
    await execute(
        url,
        "UPDATE pg_index SET indisvalid = false"
        " WHERE indexrelid = CAST('ix_tokens_user_id' AS regclass)",
    )
    assert await drift(url) == [
        (
            "index ix_tokens_user_id of tokens: is btree (user_id) INVALID in the database, "
            "should be btree (user_id)"
        )
    ]


async def test_check_tells_what_the_models_do_not_know(url: URL):
    await commands.upgrade(settings_for(url))
    await execute(url, NICKNAME)
    found = await document(url, "check")
    assert found["error"]["message"].startswith("1 difference between the database and")
    await execute(
        url,
        "DROP INDEX uq_time_entries_running",
        "CREATE UNIQUE INDEX uq_time_entries_running ON time_entries (user_id)",
    )
    found = await document(url, "check")
    assert (found["exit_code"], found["error"]["code"]) == (6, "drift")
    assert found["error"]["message"].startswith("2 differences between the database and")
    told = [sentence.split(": ")[0] for sentence in found["differences"]]
    assert sorted(told) == [
        "column users.nickname",
        "index uq_time_entries_running of time_entries",
    ]


async def test_check_of_a_database_behind_the_head_compares_it_with_where_it_is(url: URL):
    await commands.upgrade(settings_for(url), BEFORE)
    found = await document(url, "check")
    assert (found["exit_code"], found["differences"]) == (5, [])
    await execute(url, NICKNAME)
    found = await document(url, "check")
    assert found["exit_code"] == 5
    assert found["differences"] == [f"the tables are not those of {BEFORE}"]


async def test_the_models_make_what_is_recorded_of_the_head(url: URL):
    assert await fingerprint.unlike_models(url, metadata) == []


async def test_making_what_the_models_make_leaves_nothing_behind(url: URL):
    await commands.upgrade(settings_for(url))
    before = await everything(url)
    assert await fingerprint.modelled(url, metadata)
    assert await everything(url) == before


async def everything(url: URL) -> list[str]:
    if url.get_backend_name() == "sqlite":
        query = "SELECT name FROM sqlite_master ORDER BY name"
    else:
        query = "SELECT relnamespace || relname FROM pg_class ORDER BY 1"
    async with reading(url) as connection:
        return list(await connection.scalars(text(query)))


async def test_check_tells_rules_that_only_the_models_have_changed(
    url: URL, monkeypatch: pytest.MonkeyPatch
):
    await commands.upgrade(settings_for(url))
    entries = metadata.tables["time_entries"]
    [duration] = [each for each in entries.constraints if each.name == "ck_time_entries_duration"]
    [running] = [each for each in entries.indexes if each.name == "uq_time_entries_running"]
    monkeypatch.setattr(duration, "sqltext", text("duration_seconds >= -5"))
    for dialect in ("sqlite", "postgresql"):
        condition = text("ended_at IS NULL AND id > 0")
        monkeypatch.setitem(running.dialect_options[dialect], "where", condition)
    found = await document(url, "check")
    assert (found["exit_code"], found["error"]["code"]) == (6, "drift")
    assert found["differences"] == [
        (
            "constraint ck_time_entries_duration of time_entries: is check (duration_seconds >= 0) "
            "in the revisions, should be check (duration_seconds >= - 5)"
        ),
        (
            "index uq_time_entries_running of time_entries: is unique (user_id) where ended_at is "
            "null in the revisions, should be unique (user_id) where ended_at is null and id > 0"
        ),
    ]
    sentences = await fingerprint.unlike_models(url, metadata)
    assert [each.split(": ")[0] for each in sentences] == [
        "constraint ck_time_entries_duration of time_entries",
        "index uq_time_entries_running of time_entries",
    ]


# What is done about it


async def test_an_upgrade_does_not_build_upon_what_somebody_has_changed(url: URL):
    settings = settings_for(url)
    await commands.upgrade(settings, BEFORE)
    await execute(url, NICKNAME)
    found = await document(url, "upgrade")
    assert (found["exit_code"], found["error"]["code"]) == (6, "drift")
    assert "--ignore-drift" in found["error"]["way_out"]
    assert (await commands.state(settings)).current == BEFORE
    assert (await document(url, "upgrade", "--ignore-drift"))["revision"]["after"] == HEAD
    assert await drift(url) == ["column users.nickname: in the database only"]


async def test_an_upgrade_with_nothing_to_do_judges_nobody(url: URL):
    await commands.upgrade(settings_for(url))
    await execute(url, NICKNAME)
    assert (await commands.upgrade(settings_for(url))).steps == ()


async def test_a_downgrade_says_what_it_has_found_and_goes_on(url: URL):
    settings = settings_for(url)
    await commands.upgrade(settings)
    await execute(url, NICKNAME)
    said: list[str] = []
    assert (await commands.downgrade(settings, BEFORE, say=said.append)).after == BEFORE
    assert any("users.nickname" in line for line in said)


async def test_an_upgrade_that_makes_something_else_of_a_database_is_noticed(
    url: URL, tmp_path: Path
):
    folder = tmp_path / "alembic"
    shutil.copytree(revisions.location(), folder)
    scripts = sorted((folder / "versions").glob("*.py"))
    scripts[-1].write_text(scripts[-1].read_text().replace("def upgrade() -> None:", EXTRA))
    with pytest.raises(Unverified, match="table surprise: in the database only"):
        await commands.upgrade(settings_for(url), folder=folder)


EXTRA = """
def upgrade() -> None:
    import sqlalchemy as sa

    op.create_table("surprise", sa.Column("id", sa.Integer))
"""


async def test_a_database_matches_its_revision_and_none_that_looks_different(url: URL):
    settings = settings_for(url)
    looks = {
        each: fingerprint.digest_of(url.get_backend_name(), each) for each in (None, *EVERYTHING)
    }
    assert (
        len(set(looks.values())) > len(EVERYTHING) // 2
    )  # some change the other database, or rows
    for revision in (None, *EVERYTHING):
        if revision:
            await commands.upgrade(settings, revision)
        async with reading(url) as connection:
            for other in (None, *EVERYTHING, "9999_not_recorded"):
                matches = await connection.run_sync(fingerprint.matches, other)
                assert matches is (looks.get(other) == looks[revision])


# What is recorded


async def test_what_is_recorded_is_what_the_revisions_make():
    rebuilt = await recording.rebuild(async_url(os.environ[SERVER]))
    for dialect, expected in rebuilt.items():
        written = recording.file(dialect).read_text(encoding="utf-8")
        assert written == expected.to_json(), (
            "run `timetracker-api db fingerprint --update --database-url postgresql://...`"
        )


async def test_recording_writes_what_has_changed_only(tmp_path: Path):
    folder = tmp_path / "alembic"
    shutil.copytree(revisions.location(), folder)
    file = recording.file("sqlite", folder)
    file.unlink()
    server = async_url(os.environ[SERVER])
    assert await recording.record(server, folder) == [file]
    assert await recording.record(server, folder) == []
    assert file.read_text() == recording.file("sqlite").read_text()


async def test_recording_needs_a_server(tmp_path: Path):
    url = async_url(f"sqlite:///{tmp_path}/no.db")
    found = await document(url, "fingerprint", "--update")
    assert (found["exit_code"], found["error"]["code"]) == (2, "usage")


async def test_a_fingerprint_can_be_shown(url: URL):
    await commands.upgrade(settings_for(url))
    found = (await document(url, "fingerprint"))["fingerprint"]
    assert (found["revision"], found["as_recorded"]) == (HEAD, True)
    await execute(url, NICKNAME)
    found = (await document(url, "fingerprint"))["fingerprint"]
    assert found["as_recorded"] is False

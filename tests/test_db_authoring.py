"""A revision is written from PostgreSQL, works on both databases, or does not stay."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import MetaData, make_url

from chains import Chain, shipped
from copies import apart, done, execute, refused, typed
from timetracker_api.db.base import Base
from timetracker_api.migrations import authoring, commands, revisions
from timetracker_api.migrations.authoring import Proposal, Written
from timetracker_api.migrations.failures import BadUsage, RevisionFailed, SeveralHeads
from timetracker_api.settings import Settings

PEOPLE = """
op.create_table("people", sa.Column("id", sa.Integer, nullable=False),
                sa.Column("name", sa.String), sa.PrimaryKeyConstraint("id", name="pk_people"))
"""
NUMBERED = """
op.create_table("numbered", sa.Column("id", sa.Integer, nullable=False),
                sa.Column("name", sa.String), sa.PrimaryKeyConstraint("id", name="pk_numbered"),
                sqlite_autoincrement=True)
"""
NOWHERE = "sqlite:////nowhere/live.db"
GONE = 'op.drop_table("people")'


pytestmark = pytest.mark.usefixtures("people")


@pytest.fixture
def people(chain: Chain) -> Iterator[Chain]:
    """One revision, which creates a table."""
    chain.add(PEOPLE, GONE)
    with shipped(chain):
        yield chain


def models(*columns: sa.Column[Any], name: str = "people") -> MetaData:
    """Return models of people who have an id, and this."""
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    sa.Table(name, metadata, sa.Column("id", sa.Integer, primary_key=True), *columns)
    return metadata


def proposed(metadata: MetaData, message: str = "change people") -> Proposal:
    return apart(authoring.migrate(settings(NOWHERE), metadata, message, scratch_url=server()))


def generated(metadata: MetaData, message: str = "change people") -> Written | None:
    written, missed = proposed(metadata, message)
    assert missed == []
    return written


def server() -> str:
    return os.environ["TEST_POSTGRESQL_URL"]


def settings(url: str) -> Settings:
    return Settings(database_url=url, migration_database_url=None)


def files(chain: Chain) -> list[str]:
    return sorted(path.name for path in (chain.folder / "versions").glob("*.py"))


def test_what_the_models_need_is_written_and_works_on_both(people: Chain, tmp_path: Path):
    metadata = models(sa.Column("name", sa.String), sa.Column("email", sa.String, index=True))
    written = generated(metadata, "Let people have an e-mail address")
    assert written
    assert written.id == "0002_let_people_have_an_e_mail_a"
    assert files(people) == ["0001_x.py", f"{written.id}.py"]
    assert 'batch_op.add_column(sa.Column("email"' in written.path.read_text()
    url = f"sqlite:///{tmp_path / 'people.db'}"
    assert f"now at {written.id} (head)" in done("upgrade", "--database-url", url)
    assert generated(metadata) is None
    assert len(files(people)) == 2


def test_what_is_written_uses_numbers_once(people: Chain):
    people.add(NUMBERED, 'op.drop_table("numbered")')
    metadata = models(sa.Column("name", sa.String))
    sa.Table(
        "numbered",
        metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    written = generated(metadata)
    assert written
    assert 'with rebuild("numbered"' in written.path.read_text()


def test_nothing_is_written_where_nothing_has_changed(people: Chain):
    assert generated(models(sa.Column("name", sa.String))) is None
    assert files(people) == ["0001_x.py"]


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> str:
    """How the name of the scratch database ends: others may have theirs on the same server."""
    ending = uuid4().hex[:16]

    def named(_length: int) -> str:
        return ending

    monkeypatch.setattr("timetracker_api.migrations.scratch.token_hex", named)
    return ending


def test_the_databases_that_are_in_use_are_left_alone(tmp_path: Path, scratch: str):
    live = tmp_path / "live.db"
    url = f"sqlite:///{live}"
    proposal = apart(authoring.migrate(settings(url), models(), "x", scratch_url=server()))
    assert proposal.written
    assert not live.exists()
    assert not exists(scratch)


def exists(ending: str) -> bool:
    query = sa.text("SELECT 1 FROM pg_database WHERE datname LIKE '%' || :ending")
    return bool(execute(server(), query.bindparams(ending=ending)))


def test_a_configured_server_lends_a_database(scratch: str):
    assert apart(authoring.migrate(settings(server()), models(), "no names")).written
    assert not exists(scratch)


def test_without_any_server_one_is_started():
    assert apart(authoring.migrate(settings(NOWHERE), models(), "no names")).written


def test_a_role_that_may_not_create_databases_is_not_asked_to():
    role = f"author_{uuid4().hex[:8]}"
    execute(server(), sa.text(f"CREATE ROLE {role} LOGIN"))
    try:
        url = make_url(server()).set(username=role).render_as_string(hide_password=False)
        assert apart(authoring.migrate(settings(url), models(), "no names")).written
    finally:
        execute(server(), sa.text(f"DROP ROLE {role}"))


def test_what_looks_like_a_new_name_is_pointed_out():
    written = generated(models(sa.Column("full_name", sa.String)))
    assert written
    (warning,) = written.warnings
    assert "column people.name is dropped with all it holds, and people.full_name" in warning
    assert 'op.alter_column("people", "name", new_column_name="full_name")' in warning


def test_a_table_that_looks_renamed_is_pointed_out():
    written = generated(models(sa.Column("name", sa.String), name="persons"))
    assert written
    (warning,) = written.warnings
    assert 'op.rename_table("people", "persons")' in warning


def test_a_column_of_another_type_is_no_new_name():
    written = generated(models(sa.Column("name", sa.String), sa.Column("age", sa.String)))
    assert written
    assert written.warnings == ()


# What autogenerate does not see

RULES = """
op.create_table("people", sa.Column("id", sa.Integer, nullable=False),
                sa.Column("name", sa.String), sa.PrimaryKeyConstraint("id", name="pk_people"),
                sa.CheckConstraint("id > 0", name=op.f("ck_people_positive")))
op.create_index("ix_people_name", "people", ["name"], unique=True,
                postgresql_where=sa.text("id > 1"), sqlite_where=sa.text("id > 1"))
"""


@pytest.fixture
def ruled(people: Chain) -> Chain:
    """One revision, which creates a table that has rules."""
    (people.folder / "versions" / "0001_x.py").unlink()
    people.count = 0
    people.add(RULES, GONE)
    revisions.scripts.cache_clear()
    return people


def with_rules(*columns: sa.Column[Any], check: str = "id > 0", **where: str) -> MetaData:
    """Return models of people as those rules have them, except for what is given."""
    metadata = models(sa.Column("name", sa.String), *columns)
    table = metadata.tables["people"]
    table.append_constraint(sa.CheckConstraint(check, name="positive"))
    conditions = {"postgresql_where": "id > 1", "sqlite_where": "id > 1"} | where
    texts: dict[str, Any] = {key: sa.text(condition) for key, condition in conditions.items()}
    sa.Index("ix_people_name", table.c.name, unique=True, **texts)
    return metadata


CHECK_DIFFERS = (
    "constraint ck_people_positive of people: is CHECK (id > 0) in the revisions, "
    "should be CHECK (id > 5)"
)
INDEX_DIFFERS = (
    "index ix_people_name of people: is UNIQUE btree (name) WHERE id > 1 in the revisions, "
    "should be UNIQUE btree (name) WHERE id > 5"
)
INDEX_DIFFERS_ON_SQLITE = (
    "index ix_people_name of people: is unique (name) where id > 1 in the revisions, "
    "should be unique (name) where id > 5"
)
OTHER_RULES = {
    CHECK_DIFFERS: {"check": "id > 5"},
    INDEX_DIFFERS: {"postgresql_where": "id > 5"},
    INDEX_DIFFERS_ON_SQLITE: {"sqlite_where": "id > 5"},
}


@pytest.mark.parametrize(
    ("sentence", "changed"), OTHER_RULES.items(), ids=["check", "index", "on SQLite"]
)
def test_what_cannot_be_written_is_told(
    ruled: Chain, sentence: str, changed: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    assert proposed(with_rules()) == (None, [])
    assert proposed(with_rules(**changed)) == (None, [sentence])
    monkeypatch.setattr("timetracker_api.cli.db.authoring.models", lambda: with_rules(**changed))
    result = typed("migrate", "-m", "x", "--scratch-url", server())
    assert (result.exit_code, result.stdout) == (6, f"{sentence}\n")
    assert "Write by hand, after `timetracker-api db revision -m ...`" in result.stderr
    result = typed("migrate", "-m", "x", "--scratch-url", server(), "--json")
    found = json.loads(result.stdout)
    assert (found["revision"], found["differences"]) == (None, [sentence])
    assert files(ruled) == ["0001_x.py"]


def test_what_is_left_to_write_by_hand_is_told_with_what_is_written(
    ruled: Chain, monkeypatch: pytest.MonkeyPatch
):
    changed = with_rules(sa.Column("email", sa.String), check="id > 5")
    monkeypatch.setattr("timetracker_api.cli.db.authoring.models", lambda: changed)
    result = typed("migrate", "-m", "mail", "--scratch-url", server())
    assert result.exit_code == 0
    assert (
        "warning: constraint ck_people_positive of people: is CHECK (id > 0) in the revisions, "
        "should be CHECK (id > 5); that is not in the file, write it by hand\n"
    ) in result.stderr
    written = ruled.folder / "versions" / "0002_mail.py"
    by_hand = """
    with rebuild("people") as batch_op:
        batch_op.drop_constraint(op.f("ck_people_positive"), type_="check")
        batch_op.create_check_constraint(op.f("ck_people_positive"), "{}")
"""
    text = written.read_text()
    for direction, rule in (("upgrade", "id > 5"), ("downgrade", "id > 0")):
        head = f"def {direction}() -> None:"
        text = text.replace(head, head + by_hand.format(rule))
    written.write_text(text)
    revisions.scripts.cache_clear()
    assert proposed(changed) == (None, [])


def test_models_that_one_database_does_not_take_are_told(ruled: Chain):
    with pytest.raises(BadUsage, match=r"the models do not work on sqlite: no such function"):
        proposed(with_rules(check="to_char(now(), 'YYYY') > '2'"))
    assert files(ruled) == ["0001_x.py"]


@pytest.mark.usefixtures("ruled")
def test_what_was_recorded_and_is_not_what_the_models_make_is_told(
    monkeypatch: pytest.MonkeyPatch,
):
    changed = with_rules(check="id > 5", sqlite_where="id > 5")
    monkeypatch.setattr("timetracker_api.cli.db.fingerprinting.models", lambda: changed)
    result = typed("fingerprint", "--update", "--database-url", server(), "--json")
    found = json.loads(result.stdout)
    assert (found["exit_code"], found["error"]["code"]) == (6, "drift")
    assert found["differences"] == [CHECK_DIFFERS, INDEX_DIFFERS_ON_SQLITE]
    assert found["written"] == ["expected.sqlite.json", "expected.postgresql.json"]
    monkeypatch.setattr("timetracker_api.cli.db.fingerprinting.models", with_rules)
    said = done("fingerprint", "--update", "--database-url", server())
    assert said == "nothing has changed\n"


# What an empty database does not show


def test_a_column_that_rows_have_no_value_for_is_pointed_out():
    rank = sa.Column("rank", sa.Integer, nullable=False)
    written = generated(models(sa.Column("name", sa.String, nullable=False), rank))
    assert written
    added, tightened = written.warnings
    assert added == (
        "column people.rank is added as NOT NULL without a server_default, which fails where "
        "people has rows; give it one and drop that again afterwards, or add it nullable, fill it, "
        "then make it NOT NULL"
    )
    assert tightened == (
        "column people.name becomes NOT NULL, which fails where a row has nothing in it; "
        "fill it in a statement before, or by a data migration"
    )
    remarks = [
        line.strip().removeprefix("# ")
        for line in written.path.read_text().splitlines()
        if line.startswith("    # ")
    ]
    assert " ".join(remarks) == f"warning: {added} warning: {tightened}"


def test_columns_that_have_a_value_for_every_row_are_not_pointed_out():
    mood = sa.Column("mood", sa.String, nullable=False, server_default=sa.text("'good'"))
    metadata = models(sa.Column("name", sa.String), sa.Column("town", sa.String), mood)
    sa.Table("pets", metadata, sa.Column("id", sa.Integer, primary_key=True))
    written = generated(metadata)
    assert written
    assert written.warnings == ()


# What does not stay


def test_a_revision_that_does_not_work_is_removed(people: Chain):
    # PostgreSQL takes this default, SQLite does not.
    when = sa.Column("born", sa.String, server_default=sa.text("to_char(now(), 'YYYY')"))
    with pytest.raises(RevisionFailed, match="0002_change_people does not work on sqlite"):
        generated(models(sa.Column("name", sa.String), when))
    assert files(people) == ["0001_x.py"]
    assert revisions.scripts().get_heads() == ["0001_x"]


def test_a_revision_that_does_not_lead_to_the_models_is_removed(people: Chain):
    # SQLite tells this default in other words than the model, every time.
    town = sa.Column("town", sa.String, server_default="")
    with pytest.raises(RevisionFailed, match=r"afterwards, column people\.town: default is"):
        generated(models(sa.Column("name", sa.String), town))
    assert files(people) == ["0001_x.py"]


def test_a_revision_that_does_not_lead_back_is_removed(people: Chain):
    # Alembic does not see the text of a check, so that it cannot put it back.
    people.add(
        'op.execute("CREATE TABLE ages (age INTEGER NOT NULL CHECK (age > 0))")',
        'op.drop_table("ages")',
    )
    revisions.scripts.cache_clear()
    with pytest.raises(RevisionFailed, match="its downgrade leaves another schema behind"):
        generated(models(sa.Column("name", sa.String)))
    assert files(people) == ["0001_x.py", "0002_x.py"]


def test_sqlite_is_no_scratch_database():
    with pytest.raises(BadUsage, match="needs a PostgreSQL server"):
        apart(authoring.migrate(settings(NOWHERE), models(), "x", scratch_url="sqlite:///x.db"))


def test_an_empty_revision_can_be_written(people: Chain, tmp_path: Path):
    for arguments in (("revision", "-m", "By hand"), ("migrate", "--empty", "-m", "And again")):
        assert "db fingerprint --update" in done(*arguments)
    assert files(people) == ["0001_x.py", "0002_by_hand.py", "0003_and_again.py"]
    url = f"sqlite:///{tmp_path / 'people.db'}"
    assert "now at 0003_and_again (head)" in done("upgrade", "--database-url", url)


def test_heads_are_joined_by_a_merge(people: Chain, tmp_path: Path):
    people.add("pass", after="0001_x")
    people.add("pass", after="0001_x")
    url = ("--database-url", f"sqlite:///{tmp_path / 'people.db'}")
    assert done("heads").splitlines() == ["0002_x", "0003_x"]
    assert "followed by: 0002_x, 0003_x" in done("branches")
    said = refused(7, "heads", "--check")
    assert '`timetracker-api db merge -m "merge" 0002_x 0003_x`' in said
    assert refused(7, "upgrade", *url).startswith("the revisions have several heads")
    assert refused(7, "revision", "-m", "x").startswith("the revisions have several heads")
    assert "0004_merge.py" in done("merge", "-m", "merge", "0002_x", "0003_x")
    assert done("heads", "--check") == "0004_merge\n"
    assert "now at 0004_merge (head)" in done("upgrade", *url)
    with pytest.raises(SeveralHeads, match="not one way back"):
        apart(commands.downgrade(settings(url[1]), "-1"))
    assert "at several revisions" in refused(7, "downgrade", "0002_x", "--yes", *url)
    assert done("downgrade", "0001_x", "--yes", *url) == "now at 0001_x\n"


def test_a_message_that_names_nothing_is_refused():
    assert "letters or digits" in refused(2, "revision", "-m", "?!")


def test_one_revision_is_nothing_to_merge():
    assert "two revisions or more" in refused(2, "merge", "-m", "x", "head", "0001_x")


def test_what_was_written_is_told_in_json(people: Chain):
    result = typed("revision", "-m", "By hand", "--json")
    (line,) = result.stdout.splitlines()
    assert json.loads(line)["revision"] == {
        "id": "0002_by_hand",
        "path": str(people.folder / "versions" / "0002_by_hand.py"),
    }


@pytest.mark.parametrize(
    "message", [r"C:\xyz path", 'say """hi', '"quoted"', "back\\", "${x} %s\n# more"]
)
@pytest.mark.parametrize("formatter", ["ruff", None])
def test_a_message_is_kept_whatever_is_in_it(
    people: Chain, message: str, formatter: str | None, monkeypatch: pytest.MonkeyPatch
):
    def found(_name: str) -> str | None:
        return formatter

    monkeypatch.setattr(authoring, "find_spec", found)
    before = set(people.folder.rglob("*.py"))
    done("revision", "-m", message)
    assert len(set(people.folder.rglob("*.py")) - before) == 1
    assert f"  {message}\n" in done("history")


def test_a_new_file_that_cannot_be_imported_is_removed(people: Chain):
    with (people.folder / "script.py.mako").open("a") as template:
        template.write("no_such_name\n")
    before = files(people)
    for command in (("revision",), ("merge", "0001_x", "0002_x")):
        if command[0] == "merge":
            people.add("pass", after=None)
            before = files(people)
            revisions.scripts.cache_clear()
        said = refused(14, *command, "-m", "new")
        assert "_new.py cannot be imported and was removed: name 'no_such_name'" in said
        assert files(people) == before

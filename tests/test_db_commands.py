"""Looking at revisions, writing them as SQL, and saying where a database is."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from chains import FAMILY, Chain, shipped
from copies import Place, apart, done, execute, refused, typed
from servers import command, environment
from timetracker_api.migrations import revisions
from timetracker_api.migrations.connections import reading
from timetracker_api.migrations.lock import migration_lock
from timetracker_api.settings import async_url

EVERYTHING = [script.revision for script in revisions.scripts().walk_revisions()][::-1]
FIRST, HEAD = EVERYTHING[0], EVERYTHING[-1]


@pytest.fixture
def family(chain: Chain) -> Iterator[Chain]:
    """Three revisions, the last of which deletes something."""
    chain.add(FAMILY, 'op.drop_table("children")\nop.drop_table("parents")')
    chain.add(
        'op.create_index("ix_name", "parents", ["name"])\n'
        "op.execute(\"UPDATE parents SET name = 'Bea' WHERE id = 1\")"
    )
    chain.add('op.drop_table("children")\nop.execute("VACUUM")')
    with shipped(chain):
        yield chain


# Looking at the revisions


def test_a_revision_can_be_shown(family: Chain):
    assert done("show", "0002").splitlines() == [
        "0002_x  Revision 0002_x",
        f"  file: {family.folder / 'versions' / '0002_x.py'}",
        "  follows: 0001_x",
        "  followed by: 0003_x",
        "  create index ix_name",
        "  update rows of parents",
    ]
    assert done("show").startswith("0003_x")
    assert refused(8, "show", "0009").startswith("Can't locate revision")


@pytest.mark.usefixtures("family")
def test_history_can_be_of_a_part_and_in_full(place: Place):
    at = ("--database-url", place.empty())
    done("upgrade", "0002_x", *at)
    assert done("history", "-r", "0001_x:0002_x", *at).splitlines() == [
        "0002_x  Revision 0002_x (current)",
        "0001_x  Revision 0001_x",
    ]
    assert "  followed by: none\n" in done("history", "--verbose", *at)
    assert done("branches") == "the revisions are one line\n"
    assert "Write it as A:B" in refused(2, "history", "-r", "0001_x", *at)
    assert refused(8, "history", "-r", "0009:", *at)


@pytest.mark.usefixtures("family")
def test_a_plan_says_what_would_be_done_and_deleted(place: Place):
    at = ("--database-url", place.empty())
    done("upgrade", "0001_x", *at)
    assert done("upgrade", "--plan", *at).splitlines() == [
        "0002_x  Revision 0002_x",
        "  create index ix_name",
        "  update rows of parents",
        "0003_x  Revision 0003_x",
        "  drop table children, and its data",
        "  run VACUUM",
        "2 revisions, 1 operation deletes data",
    ]
    planned = json.loads(typed("upgrade", "--plan", "--json", *at).stdout)["plan"]
    assert planned[1]["losses"] == ["drop table children"]
    assert done("current", *at) == "0001_x, 2 pending\n"
    assert done("upgrade", "0001_x", "--plan", *at) == "nothing to do\n"


BROKEN = {
    "raises": ('raise LookupError("no such rate")', "no such rate"),
    "asks": (
        "op.get_bind().scalar(sa.text('SELECT 1'))",
        "'MockConnection' object has no attribute 'scalar'",
    ),
    "leaves": ("import sys; sys.exit(3)", "it calls sys.exit(3)"),
    "imports": ("import no_such_module", "No module named 'no_such_module'"),
}


@pytest.mark.parametrize(("code", "words"), BROKEN.values(), ids=BROKEN)
def test_a_revision_that_cannot_be_written_as_sql_is_one_line(
    place: Place, chain: Chain, code: str, words: str
):
    chain.add("pass")
    chain.add(code, code)
    at = ("--database-url", place.empty())
    with shipped(chain):
        for asked in (("upgrade", "--plan"), ("upgrade", "--sql"), ("show",), ("sql",)):
            said = refused(14, *asked, *at)
            assert said.startswith(f"0002_x cannot be written as SQL: {words}")
        execute(at[1], text("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)"))
        execute(at[1], text("INSERT INTO alembic_version VALUES ('0002_x')"))
        assert "0002_x cannot be written as SQL" in refused(14, "downgrade", "-1", *at)


def test_a_revision_without_an_upgrade_is_one_line(place: Place, chain: Chain):
    chain.add("pass")
    file = chain.folder / "versions" / "0001_x.py"
    file.write_text(file.read_text().replace("def upgrade", "def upgrad"))
    at = ("--database-url", place.empty())
    with shipped(chain):
        for asked in (("upgrade", "--plan"), ("upgrade",), ("show",), ("sql",)):
            assert "has no attribute 'upgrade'" in refused(14, *asked, *at)


def test_a_revision_that_leaves_is_rolled_back_like_one_that_fails(place: Place, chain: Chain):
    chain.add("op.execute('CREATE TABLE t (id integer)'); import sys; sys.exit(3)")
    at = ("--database-url", place.empty())
    with shipped(chain):
        said = refused(14, "upgrade", *at)
        assert said.startswith("0001_x failed and was rolled back: it calls sys.exit(3)")
        assert done("current", *at) == "no revision, 1 pending\n"
        execute(at[1], text("CREATE TABLE t (id integer)"))


# SQL


@pytest.mark.usefixtures("family")
def test_what_is_missing_can_be_written_as_sql(place: Place):
    at = ("--database-url", place.empty())
    done("upgrade", "0001_x", *at)
    sql = done("upgrade", "0002_x", "--sql", *at)
    assert "CREATE INDEX ix_name ON parents (name);" in sql
    assert "CREATE TABLE" not in sql
    assert done("current", *at) == "0001_x, 2 pending\n"


async def run_script(url: str, script: str) -> None:
    """Do what psql does with a file."""
    async with reading(async_url(url)) as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        await raw.driver_connection.execute(script)


@pytest.fixture
def on_a_server(tmp_path: Path) -> Iterator[str]:
    with ExitStack() as stack:
        yield Place("postgresql", tmp_path, stack).empty()


def test_the_scripts_of_all_revisions_do_what_an_upgrade_does(on_a_server: str, tmp_path: Path):
    files = [Path(line) for line in done("sql", "--out", str(tmp_path / "sql")).splitlines()]
    *scripts, sums = files
    assert [script.stem for script in scripts] == EVERYTHING
    for script, line in zip(scripts, sums.read_text().splitlines(), strict=True):
        assert line == f"{sha256(script.read_bytes()).hexdigest()}  {script.name}"
        apart(run_script(on_a_server, script.read_text()))
    at = ("--database-url", on_a_server)
    assert done("check", *at) == "the database is what the models say\n"


def test_a_range_of_revisions_can_be_written_as_sql():
    sql = done("sql", f"{EVERYTHING[1]}:{EVERYTHING[2]}")
    assert f"-- Running upgrade {EVERYTHING[1]} -> {EVERYTHING[2]}" in sql
    assert sql.count("-- Running upgrade") == 1
    assert done("sql").count("-- Running upgrade") == len(EVERYTHING)


# Saying where a database is


def test_a_database_that_lost_its_revision_gets_it_back(place: Place):
    url = place.empty()
    at = ("--database-url", url)
    done("upgrade", *at)
    execute(url, text("DROP TABLE alembic_version"))
    refused(9, "upgrade", *at)
    assert done("stamp", "head", "--yes", *at) == f"now at {HEAD}, before that at no revision\n"
    assert done("current", "--check-heads", *at) == f"{HEAD} (head)\n"


def test_a_wrong_revision_is_put_right(place: Place):
    url = place.empty()
    at = ("--database-url", url)
    done("upgrade", FIRST, *at)
    execute(url, text("UPDATE alembic_version SET version_num = '9999_future'"))
    assert FIRST in done("stamp", FIRST, "--yes", *at)
    assert done("stamp", FIRST, "--yes", *at) == f"now at {FIRST}, as before\n"


def test_a_revision_that_the_tables_are_not_at_is_not_noted(place: Place):
    url = place.empty()
    at = ("--database-url", url)
    done("upgrade", *at)
    execute(url, text("ALTER TABLE users ADD nickname VARCHAR"))
    said = refused(6, "stamp", "head", "--yes", *at)
    assert "column users.nickname: in the database only" in said
    assert refused(6, "stamp", FIRST, "--yes", *at)
    assert execute(url, text("SELECT version_num FROM alembic_version")) == [(HEAD,)]
    forced = typed("stamp", FIRST, "--yes", "--force", *at)
    assert forced.stdout == f"now at {FIRST}, before that at {HEAD}\n"
    assert f"warning: the tables are not those of {FIRST}" in forced.stderr


def test_stamping_wants_a_yes_and_a_revision_there_is(place: Place):
    at = ("--database-url", place.empty())
    assert refused(12, "stamp", "head", *at)
    assert refused(8, "stamp", "0000_never", "--yes", *at)
    assert refused(8, "stamp", "base", "--yes", *at)
    assert done("current", *at) == f"no revision, {len(EVERYTHING)} pending\n"


def test_nothing_is_noted_while_somebody_migrates(place: Place):
    url = place.empty()

    async def hold() -> str:
        async with migration_lock(async_url(url)):
            arguments = ("stamp", "head", "--yes", "--lock-wait", "0", "--database-url", url)
            return await asyncio.to_thread(refused, 10, *arguments)

    assert "another process is migrating" in apart(hold())


# What comes with the package


def test_what_comes_with_the_package_is_complete_and_stays_so():
    for _ in range(2):
        said = done("init")
        assert said.startswith(f"already initialised: {len(EVERYTHING)} revisions up to {HEAD}")


@pytest.mark.parametrize(
    ("file", "written", "words"),
    [
        ("env.py", None, "env.py is missing"),
        ("versions/0002_x.py", None, "0002_x"),
        ("versions/0003_x.py", "import no_such_module", "No module named 'no_such_module'"),
        ("versions/0003_x.py", "def", "invalid syntax"),
        ("versions/0004_y.py", "revision = 'z'\ndown_revision = '0003_x'", "calls itself z"),
    ],
    ids=["environment", "link", "import", "syntax", "name"],
)
@pytest.mark.filterwarnings("ignore:Revision 0002_x referenced")
def test_a_damaged_tree_is_one_line(family: Chain, file: str, written: str | None, words: str):
    if written is None:
        (family.folder / file).unlink()
    else:
        (family.folder / file).write_text(written)
    revisions.scripts.cache_clear()
    said = refused(2, "init")
    assert words in said
    assert "nstall the package again" in said


# What was a traceback once


def test_a_revision_has_a_name(place: Place):
    at = ("--database-url", place.empty())
    for asked in (("upgrade", ""), ("upgrade", "", "--plan"), ("downgrade", "", "--yes")):
        assert "without a name" in refused(8, *asked, *at)
    for asked in (("stamp", "", "--yes"), ("show", "")):
        assert refused(8, *asked, *at)


@pytest.mark.parametrize("seconds", ["inf", "nan"])
def test_nobody_waits_for_ever(seconds: str):
    for asked in (("upgrade", "--lock-wait"), ("data", "run", "x", "--sleep")):
        result = typed(*asked, seconds)
        assert result.exit_code == 2
        assert "Invalid value" in result.stderr


@pytest.mark.parametrize("out", ["file", "file/folder"])
def test_scripts_are_written_to_a_folder_or_it_is_said_why_not(tmp_path: Path, out: str):
    (tmp_path / "file").touch()
    assert "cannot be written: " in refused(2, "sql", "--out", str(tmp_path / out))


def test_a_table_that_only_sounds_like_ours_is_somebody_elses(place: Place):
    at = ("--database-url", place.empty())
    execute(at[1], text("CREATE TABLE alembic_version (id integer)"))
    for asked in (("upgrade",), ("current",), ("status",), ("stamp", "head", "--yes", "--force")):
        assert "alembic_version has no version_num" in refused(9, *asked, *at)


def test_a_stamp_that_is_refused_creates_no_file(tmp_path: Path):
    refused(6, "stamp", "head", "--yes", "--database-url", f"sqlite:///{tmp_path}/none.db")
    assert not list(tmp_path.iterdir())


def test_an_answer_that_cannot_be_written_is_one_line(tmp_path: Path):
    with (tmp_path / "answer").open("w") as nothing_more:
        ended = subprocess.run(  # noqa: S603 - our own command
            ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *command("db", "heads")],  # noqa: S607 - wherever it is
            env=environment(),
            stdout=nothing_more,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr == "standard output cannot be written: file too large.\n"

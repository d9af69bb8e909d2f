"""A mistake in the models, or in what Alembic runs, is one line with its place."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

import timetracker_api
from chains import Chain, shipped
from copies import done, refused
from servers import Ended, run
from timetracker_api.migrations import revisions

UNKNOWN = "from timetracker_api.clients import customers"
MODELS = "the models cannot be imported: "


class Installed:
    """A copy of the package, whose files one may break."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.package = folder / "lib" / "timetracker_api"
        source = Path(timetracker_api.__file__).parent
        shutil.copytree(source, self.package, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(revisions.location(), self.package / "alembic", dirs_exist_ok=True)
        self.models = self.package / "clients" / "models.py"
        self.environment = self.package / "alembic" / "env.py"

    def run(self, *arguments: str) -> Ended:
        """Run a command of it on a file of its own."""
        library = str(self.package.parent)
        return run(self.folder, *arguments, PYTHONPATH=library, DATABASE_URL="sqlite:///a.db")

    def is_untouched(self) -> bool:
        """Tell whether its database is as it was: empty."""
        with closing(sqlite3.connect(self.folder / "a.db")) as connection:
            return not connection.execute("SELECT 1 FROM sqlite_master").fetchall()

    def refused(self, *arguments: str) -> str:
        """Return the line that a command complains with."""
        ended = self.run(*arguments)
        assert ended.exit_code == 2, ended
        assert "Correct that, or install the package again" in ended.stderr
        if ended.stdout:
            assert json.loads(ended.stdout)["error"]["code"] == "usage"
        [line] = ended.stderr.splitlines()
        return line


def broken(file: Path, line: str) -> str:
    """Put a line at the beginning of a file, and return its place."""
    file.write_text(f"{line}\n{file.read_text()}")
    return f"{file}, line 1: "


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    return Installed(tmp_path)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("def", "invalid syntax"),
        (UNKNOWN, "cannot import name 'customers' from 'timetracker_api.clients'"),
        ("no_such_name", "name 'no_such_name' is not defined"),
    ],
    ids=["syntax", "import", "another"],
)
def test_models_that_cannot_be_imported_are_one_line(installed: Installed, line: str, reason: str):
    done("upgrade", "--database-url", f"sqlite:///{installed.folder}/a.db")
    place = broken(installed.models, line)
    said = installed.refused("db", "check", "--json")
    assert said.startswith(f"{MODELS}{place}{reason}")


def test_no_revision_is_written_of_models_that_cannot_be_imported(installed: Installed):
    place = broken(installed.models, UNKNOWN)
    assert installed.refused("db", "migrate", "-m", "x").startswith(f"{MODELS}{place}")


def test_with_models_that_cannot_be_imported_nothing_is_changed(installed: Installed):
    place = broken(installed.models, UNKNOWN)
    assert installed.refused("db", "upgrade").startswith(f"{MODELS}{place}")
    assert installed.is_untouched()
    assert installed.run("db", "init").exit_code == 0


@pytest.mark.parametrize("line", ["def", "import no_such_module"])
def test_an_environment_that_cannot_be_imported_is_one_line(installed: Installed, line: str):
    place = broken(installed.environment, line)
    said = installed.refused("db", "upgrade")
    assert said.startswith(f"a file of the package cannot be imported: {place}")
    assert installed.is_untouched()


@pytest.mark.parametrize("line", ["def", UNKNOWN, "no_such_name"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("serve",),
        ("demo",),
        ("openapi",),
        ("users", "create", "ada"),
        ("tokens", "create", "--user", "ada"),
        ("custom-fields", "export"),
    ],
    ids=" ".join,
)
def test_every_command_names_the_file_that_is_broken(
    installed: Installed, arguments: tuple[str, ...], line: str
):
    place = broken(installed.models, line)
    said = installed.refused(*arguments)
    assert said.startswith(f"a file of the package cannot be imported: {place}")


REVISIONS = "the revisions cannot be read: "
LOOKING = (
    ("db", "current"),
    ("db", "upgrade"),
    ("db", "upgrade", "--plan"),
    ("db", "downgrade", "base"),
    ("db", "history"),
    ("db", "heads"),
    ("db", "status"),
    ("db", "init"),
    ("users", "create", "ada"),
    ("tokens", "create", "--user", "ada"),
    ("custom-fields", "export"),
    ("serve", "--port", "0"),
)


@pytest.mark.parametrize("arguments", LOOKING, ids=" ".join)
def test_every_command_names_the_revision_that_is_broken(
    installed: Installed, arguments: tuple[str, ...]
):
    place = broken(installed.package / "alembic/versions/0001_foundation.py", "no_such_name")
    said = installed.refused(*arguments)
    assert said.startswith(f"{REVISIONS}{place}name 'no_such_name' is not defined")
    assert installed.is_untouched()


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("revision = '0002_x'\ndown_revision = '0001_nope'", "Revision 0001_nope referenced from"),
        ("revision = '0002_x'\ndown_revision = '0002_x'", "loop is detected in revisions (0002_x)"),
        ("revision = '0001_x'\ndown_revision = None", "Revision 0001_x is present more than once"),
        ("import sys\nsys.exit(3)", "0002_x.py, line 2: it calls sys.exit(3)"),
        ("down_revision = '0001_x'", "0002_x.py"),
    ],
    ids=["link", "loop", "twice", "exit", "nameless"],
)
def test_revisions_that_are_no_chain_are_one_line(chain: Chain, written: str, words: str):
    chain.add("pass")
    (chain.folder / "versions" / "0002_x.py").write_text(written)
    with shipped(chain):
        for command in (("current",), ("history",), ("heads",), ("upgrade", "--plan")):
            said = refused(2, *command, "--database-url", f"sqlite:///{chain.folder}/a.db")
            assert said.startswith(REVISIONS)
            assert words in said


@pytest.mark.parametrize("group", [(), ("db",), ("db", "data"), ("custom-fields",)])
def test_the_help_of_a_group_comes_out_even_then(installed: Installed, group: tuple[str, ...]):
    place = broken(installed.models, UNKNOWN)
    helped = installed.run(*group, "--help")
    if group == ("custom-fields",):  # it is broken itself
        assert place in helped.stderr
        return
    assert (helped.exit_code, helped.stderr) == (0, "")
    assert "Usage" in helped.stdout


def test_a_command_that_is_broken_itself_answers_in_json_as_well(installed: Installed):
    place = broken(installed.models, UNKNOWN)
    assert place in installed.refused("db", "reindex-custom-fields", "--json")

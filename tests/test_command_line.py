"""Commands are imported when they are called, so that each has to be found under its address."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from timetracker_api import __version__
from timetracker_api.cli import app

TOP = ("serve", "demo", "openapi", "db", "custom-fields", "users", "tokens")
HEAVY = ("fastapi", "uvicorn", "timetracker_api.models", "timetracker_api.app")
GROUPS = ("", "db", "db data", "custom-fields", "users", "tokens")


@pytest.mark.parametrize("group", GROUPS)
def test_every_command_says_what_it_is_for(group: str):
    result = CliRunner().invoke(app, [*group.split(), "--help"])
    assert result.exit_code == 0, result.output
    assert "completion" not in result.output


def test_the_help_lists_the_commands():
    said = CliRunner().invoke(app, ["--help"]).output
    assert all(name in said for name in TOP)


def test_it_says_which_release_it_is():
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.output) == (0, f"timetracker-api {__version__}\n")


def test_to_say_which_release_it_is_imports_nothing_of_the_service():
    ask = "CliRunner().invoke(app, ['--version'])"
    imports = "import sys; from typer.testing import CliRunner; from timetracker_api.cli import app"
    ours = {each for each in printed(f"{imports}; {ask}; print(*sys.modules)") if "tracker" in each}
    assert ours == {"timetracker_api", "timetracker_api.cli", "timetracker_api.cli.lazily"}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("users create ada --role boss", "'--role': 'boss' is not one of 'admin', "),
        ("tokens create --user ada --scope all", "'--scope': 'all' is not one of "),
    ],
)
def test_a_value_that_is_none_of_the_choices_is_answered_with_them(command: str, said: str):
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 2
    assert f"Invalid value for {said}" in result.output


def test_what_is_no_command_is_said_to_be_none():
    result = CliRunner().invoke(app, ["db", "upgrad"])
    assert result.exit_code == 2
    assert "No such command 'upgrad'" in result.output


def printed(code: str) -> list[str]:
    """Return the words that a new process prints."""
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    return done.stdout.split()


def test_migrating_does_not_import_the_service():
    """An upgrade that has nothing to do is over before the service would have been imported."""
    modules = printed("import sys, timetracker_api.cli.db.moving; print(*sys.modules)")
    assert not {*HEAVY} & {*modules}


def test_nobody_looks_for_garbage_among_modules_but_among_everything_else():
    help = "CliRunner().invoke(app, ['db', 'upgrade', '--help'])"
    imports = "import gc; from typer.testing import CliRunner; from timetracker_api.cli import app"
    enabled, frozen = printed(f"{imports}; {help}; print(gc.isenabled(), gc.get_freeze_count())")
    assert (enabled, int(frozen) > 0) == ("True", True)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("upgrade --lock-wait x", "Invalid value for '--lock-wait'"),
        ("upgrade --bogus", "No such option: --bogus"),
        ("downgrade", "Missing argument"),
        ("data run x --batch 0", "Invalid value for '--batch'"),
        ("upgrad", "No such command 'upgrad'"),
    ],
)
def test_what_is_refused_before_it_begins_is_answered_in_json_as_well(typed: str, message: str):
    result = CliRunner().invoke(app, ["db", *typed.split(), "--json"])
    assert result.exit_code == 2
    answer = json.loads(result.stdout)
    assert (answer["command"], answer["ok"]) == (typed.split(maxsplit=1)[0], False)
    assert answer["exit_code"] == 2
    assert answer["error"]["code"] == "usage"
    assert answer["error"]["message"].startswith(message)
    assert CliRunner().invoke(app, ["db", *typed.split()]).stdout == ""

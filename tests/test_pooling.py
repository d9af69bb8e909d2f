"""What is said of a pooler before one is asked; what holds behind one is in tests/pooler."""

from pathlib import Path

import pytest

from copies import Place, done
from servers import run

POOLED = {
    "TIMETRACKER_DATABASE_POOLER": "transaction",
    "TIMETRACKER_DATABASE_URL": "postgresql://ada@127.0.0.1:1/time",
}


@pytest.mark.parametrize("command", [("serve",), ("users", "create", "ada"), ("db", "upgrade")])
def test_behind_a_pooler_the_server_itself_has_to_be_named_too(
    tmp_path: Path, command: tuple[str, ...]
):
    ended = run(tmp_path, *command, **POOLED)
    assert ended.exit_code == 2
    [line] = ended.stderr.splitlines()
    assert line.startswith("TIMETRACKER_MIGRATION_DATABASE_URL: ")


def test_a_url_that_is_typed_is_that_of_a_server(place: Place, monkeypatch: pytest.MonkeyPatch):
    for name, value in POOLED.items():
        monkeypatch.setenv(name, value)
    assert done("upgrade", "--database-url", place.empty())

"""Chains of revisions that are a test's own."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from timetracker_api.migrations import fingerprint, revisions

FAMILY = """
op.create_table("parents", sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("name", sa.String))
op.create_table("children", sa.Column("id", sa.Integer, primary_key=True),
                sa.Column("parent_id", sa.Integer,
                          sa.ForeignKey("parents.id", name="fk", ondelete="CASCADE")))
op.execute("INSERT INTO parents VALUES (1, 'Ada')")
op.execute("INSERT INTO children VALUES (1, 1), (2, 1)")
"""


class Chain:
    """A folder of scripts: our `env.py`, and revisions of a test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0
        (folder / "versions").mkdir(parents=True)
        for name in ("env.py", "script.py.mako"):
            shutil.copy(revisions.location() / name, folder / name)

    def add(
        self, upgrade: str, downgrade: str = "pass", *, after: str | None = "", top: str = ""
    ) -> str:
        """Write a revision that follows the one before, or ``after``; ``top`` comes first in it."""
        down = (f"{self.count:04}_x" if self.count else None) if after == "" else after
        self.count += 1
        name = f"{self.count:04}_x"
        script = (
            f'"""Revision {name}."""\n'
            "import sqlalchemy as sa\nfrom alembic import op\n"
            "from timetracker_api.migrations.indexes import *\n"
            "from timetracker_api.migrations.rebuilding import *\n"
            f"{top}\n"
            f"revision = {name!r}\ndown_revision = {down!r}\n"
            f"def upgrade():\n    {indented(upgrade)}\n"
            f"def downgrade():\n    {indented(downgrade)}\n"
        )
        (self.folder / "versions" / f"{name}.py").write_text(script)
        return name


def indented(code: str) -> str:
    return "\n    ".join(code.strip().splitlines())


@contextmanager
def shipped(chain: Chain) -> Generator[Chain]:
    """Let every command take a chain for the one that we ship."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(revisions, "location", lambda: chain.folder)
        read_anew()
        yield chain
    read_anew()


def read_anew() -> None:
    """Forget what was read of the files: a release does not change them, a test does."""
    revisions.scripts.cache_clear()
    fingerprint.expected.cache_clear()

"""The revisions one after the other, in words."""

from dataclasses import dataclass

from alembic.script import Script, ScriptDirectory
from alembic.util import to_tuple

from timetracker_api.migrations.failures import BadUsage
from timetracker_api.migrations.revisions import find, revisions_named_right


def span(scripts: ScriptDirectory, said: str) -> str:
    """Return the names of both ends of ``A:B``; ``A:`` and ``:B`` go to the end of the chain."""
    first, colon, last = said.partition(":")
    if not colon:
        raise BadUsage(f"{said} is not a range of revisions", "Write it as A:B")
    start = "base" if first in {"", "base"} else find(scripts, first).revision
    end = "heads" if last in {"", "head", "heads"} else find(scripts, last).revision
    return f"{start}:{end}"


@dataclass(frozen=True, slots=True)
class Described:
    """A revision, and its place among the others."""

    id: str
    message: str
    follows: tuple[str, ...]
    """Which comes before: none for the first, several for one that merges."""
    followed_by: tuple[str, ...]
    """Which come next: none for a head, several where a branch begins."""
    path: str

    def __str__(self) -> str:
        return f"{self.id}  {self.message}"

    def place(self) -> list[str]:
        """Say where it is, in lines to stand below the first."""
        before, after = (", ".join(names) or "none" for names in (self.follows, self.followed_by))
        return [f"  file: {self.path}", f"  follows: {before}", f"  followed by: {after}"]


def described(script: Script) -> Described:
    """Return a revision in words."""
    return Described(
        script.revision,
        script.doc.rstrip("."),
        tuple(to_tuple(script.down_revision, ())),
        tuple(sorted(script.nextrev)),
        script.path,
    )


def history(scripts: ScriptDirectory, span: str = "base:heads") -> list[Described]:
    """Return the revisions after one and up to another, newest first."""
    first, last = span.split(":")
    with revisions_named_right():
        return [described(script) for script in scripts.walk_revisions(first, last)]

"""What has been done so far, and somebody to tell."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from alembic.runtime.migration import MigrationContext, MigrationInfo

Note = Callable[[int, int], object]
"""Hears how much of a long work is done, and of how much; of 0 where nobody knows."""


def unnoticed(_done: int, _total: int) -> None:
    """Tell nobody."""


@dataclass
class Progress:
    """One walk along the revisions."""

    say: Callable[[str], object] = lambda _: None
    done: list[str] = field(default_factory=list[str])
    """The revisions that were applied or undone."""
    relative: bool = False
    """Whether the target is so many steps away, which is somewhere else after the first step."""

    def note(self, context: MigrationContext, step: MigrationInfo) -> None:
        """Note a revision that has gone through."""
        revision = step.up_revision_id or "base"
        self.relative = bool(re.search(r"[+-]\d+$", str(context.opts.get("destination_rev"))))
        self.done.append(revision)
        self.say(f"{'applied' if step.is_upgrade else 'undone'} {revision}")

    def may_resume(self) -> bool:
        """Tell whether going to the same target again ends in the same place."""
        return not (self.relative and self.done)


@dataclass
class Counted:
    """Adds up what has been done, and notes it."""

    note: Note
    total: int
    done: int = 0

    def add(self, more: int) -> None:
        """Note that so much more is done."""
        self.done += more
        self.note(self.done, self.total)

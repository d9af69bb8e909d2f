"""Whether the revisions are all there, and in one line."""

from dataclasses import dataclass
from pathlib import Path

from timetracker_api.migrations import revisions
from timetracker_api.migrations.failures import BadUsage

PARTS = ("env.py", "script.py.mako", "versions")

WAY_OUT = "Install the package again, or get the folder from the repository"


@dataclass(frozen=True, slots=True)
class Tree:
    """A folder of revisions that is as it should be."""

    folder: Path
    revisions: int
    head: str | None


def verified(folder: Path | None = None) -> Tree:
    """Return what there is, or say what is missing or broken."""
    place = folder or revisions.location()
    for part in PARTS:
        if not (place / part).exists():
            raise BadUsage(f"{place / part} is missing", WAY_OUT)
    scripts = revisions.scripts(folder)
    chain = list(scripts.walk_revisions())
    heads = scripts.get_heads()
    if failure := revisions.several_heads(heads):
        raise failure
    for script in chain:
        if Path(script.path).stem != script.revision:
            raise BadUsage(f"{script.path} calls itself {script.revision}", WAY_OUT)
    return Tree(place, len(chain), heads[0] if heads else None)

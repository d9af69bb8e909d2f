"""Importing what people write: a mistake in it is one line, with its place, and no traceback."""

from importlib import import_module
from pathlib import Path
from traceback import FrameSummary, extract_tb

from sqlalchemy import MetaData

from timetracker_api.migrations.failures import BadUsage

PACKAGE = Path(__file__).parent.parent

OURS = (PACKAGE, PACKAGE.parent.parent / "alembic")
"""The package, and what a checkout has beside it."""

WAY_OUT = "Correct that, or install the package again"


def models() -> MetaData:
    """Return the tables of all models."""
    try:
        # By name, so that a mistake is noticed here, and not where this module is imported.
        return import_module("timetracker_api.models").metadata
    except Exception as error:
        raise unimportable(error, "the models") from error


def unimportable(error: Exception, what: str = "a file of the package") -> BadUsage:
    """Say where it is that something cannot be imported."""
    place = _place(error, *OURS) or _frame(extract_tb(error.__traceback__)[-1])
    return BadUsage(f"{what} cannot be imported: {place}: {_reason(error)}", WAY_OUT)


def unreadable(error: BaseException, folder: Path) -> BadUsage:
    """Say which file of a folder of revisions is broken, or else what is wrong with all of them."""
    place = _place(error, folder)
    reason = f"{place}: {_reason(error)}" if place else _reason(error)
    return BadUsage(f"the revisions cannot be read: {reason}", WAY_OUT)


def _place(error: BaseException, *folders: Path) -> str:
    """Return the innermost place of an error that is in one of some folders."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    places = [
        _frame(frame)
        for frame in extract_tb(error.__traceback__)
        if frame.filename != __file__
        and any(Path(frame.filename).is_relative_to(folder) for folder in folders)
    ]
    return places[-1] if places else ""


def _frame(frame: FrameSummary) -> str:
    return f"{frame.filename}, line {frame.lineno}"


def _reason(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"it calls sys.exit({error.code!r})"
    said = error.msg if isinstance(error, SyntaxError | ImportError) else str(error)
    return said.splitlines()[0] if said else type(error).__name__

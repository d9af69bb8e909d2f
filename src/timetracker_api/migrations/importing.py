"""Importing what people write: a mistake in it is one line, with its place, and no traceback."""

from importlib import import_module
from pathlib import Path
from traceback import extract_tb

from sqlalchemy import MetaData

from timetracker_api.migrations.failures import BadUsage
from timetracker_api.migrations.revisions import location

PACKAGE = Path(__file__).parent.parent


def models() -> MetaData:
    """Return the tables of all models."""
    try:
        # By name, so that a mistake is noticed here, and not where this module is imported.
        return import_module("timetracker_api.models").metadata
    except Exception as error:
        raise unimportable(error, "the models") from error


def unimportable(error: Exception, what: str = "a file of the package") -> BadUsage:
    """Say where it is that something cannot be imported."""
    return BadUsage(
        f"{what} cannot be imported: {_place(error)}: {_reason(error)}",
        "Correct that, or install the package again",
    )


def _place(error: Exception) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}"
    frames = extract_tb(error.__traceback__)
    ours = [frame for frame in frames if _is_ours(Path(frame.filename))]
    frame = (ours or frames)[-1]
    return f"{frame.filename}, line {frame.lineno}"


def _is_ours(file: Path) -> bool:
    return file != Path(__file__) and any(
        file.is_relative_to(folder) for folder in (PACKAGE, location())
    )


def _reason(error: Exception) -> str:
    said = error.msg if isinstance(error, SyntaxError | ImportError) else str(error)
    return said.splitlines()[0] if said else type(error).__name__

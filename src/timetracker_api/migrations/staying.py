"""Revisions may end themselves, but not the command that runs them."""

from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def staying() -> Generator[None]:
    """Take `sys.exit()` for an error like any other: rolled back, and told in one line."""
    try:
        yield
    except SystemExit as error:
        raise RuntimeError(f"it calls sys.exit({error.code!r})") from error

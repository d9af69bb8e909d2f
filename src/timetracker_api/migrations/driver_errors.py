"""What a driver's error means to the person who runs a migration."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from timetracker_api.migrations.failures import (
    Failure,
    LockTimeout,
    NotPermitted,
    PoolerInTheWay,
    Unreachable,
)
from timetracker_api.migrations.rights import missing_right

INSUFFICIENT_PRIVILEGE = "42501"
LOCK_NOT_AVAILABLE = "55P03"
PROTOCOL_VIOLATION = "08P01"
"""What a pooler has to say, whatever it is about."""

UNREACHABLE = {
    "28P01": ("the server refuses the password", "Check user and password in the URL"),
    "28000": ("the server refuses the user", "Check the user in the URL and pg_hba.conf"),
    "3D000": ("the server has no such database", "Create it with createdb, or correct the URL"),
    "53300": ("the server has no connection left", "Close some, or raise max_connections"),
    "57P03": ("the server is starting up or shutting down", "Try again in a moment"),
}

READ_ONLY = "Name the server that takes writes, or see default_transaction_read_only"

NOT_PERMITTED = {
    INSUFFICIENT_PRIVILEGE: (
        "Grant the role that migrates CREATE on the schema, and the ownership of its tables"
    ),
    "25006": READ_ONLY,
    "3F000": "Create the schema that search_path names, or correct search_path",
}

CANNOT_OPEN = "unable to open database file"

SQLITE = {
    "disk is full": Unreachable("the disk is full", "Make room, then run this again"),
    "file is not a database": Unreachable(
        "the file is not an SQLite database", "Correct the path in the URL, or restore a backup"
    ),
    "disk image is malformed": Unreachable(
        "the file is damaged", "Move it away, then run `timetracker-api db restore FILE --yes`"
    ),
    "readonly database": NotPermitted(
        "SQLite may not write to the file", "Make the file and its folder writable"
    ),
    "database is locked": LockTimeout(
        "another process kept the SQLite file locked", "Stop long writes, then run this again"
    ),
}


@contextmanager
def explained(url: URL) -> Generator[None]:
    """Turn errors of the connection into failures that a person can act on."""
    try:
        yield
    except Exception as error:
        if failure := explain(error, url):
            raise failure from error
        raise


def explain(error: BaseException, url: URL) -> Failure | None:
    """Return what an error means, or nothing where it is not about the connection."""
    if isinstance(error, Failure):
        return None
    if url.get_backend_name() == "sqlite":
        return _sqlite(error, url)
    return _postgresql(error, url)


def _sqlite(error: BaseException, url: URL) -> Failure | None:
    if CANNOT_OPEN in str(error):
        return _cannot_open(Path(url.database or ""), url)
    for text, failure in SQLITE.items():
        if text in str(error):
            return type(failure)(f"{_name(url)}: {failure.problem}", failure.way_out)
    return None


def _cannot_open(file: Path, url: URL) -> Failure:
    """SQLite says the same of everything."""
    if file.is_dir():
        return Unreachable(f"{_name(url)}: that is a folder", "Name a file in it")
    if file.parent.is_dir():
        return NotPermitted(
            f"{_name(url)}: no right to open the file, or to write beside it",
            "Give that right on the file and its folder, or run this as who has it",
        )
    return Unreachable(
        f"{_name(url)}: SQLite cannot open the file",
        "Create its folder, or correct the path in the URL",
    )


def _postgresql(error: BaseException, url: URL) -> Failure | None:
    state = sqlstate(error)
    if state in UNREACHABLE:
        problem, way_out = UNREACHABLE[state]
        return Unreachable(f"{_name(url)}: {problem}", way_out)
    if state == PROTOCOL_VIOLATION:
        said = first_line(error)
        other = Unreachable(f"{_name(url)}: {said}", "Check the URL, and what it leads to")
        return PoolerInTheWay() if "startup parameter" in said else other
    if state in NOT_PERMITTED:
        said = first_line(error)
        right = missing_right(said, _statement(error))
        way_out = f"Grant the role {right}" if right else NOT_PERMITTED[state]
        return NotPermitted(f"{_name(url)}: {said}", way_out)
    if state == LOCK_NOT_AVAILABLE:
        return LockTimeout(
            "other connections kept a table locked",
            "End transactions that have been open for long, then run this again: it resumes",
        )
    if not state and any(isinstance(link, OSError) for link in _chain(error)):
        return Unreachable(f"{_name(url)}: {_reason(error)}", "Check the URL, and that it runs")
    return None


def _statement(error: BaseException) -> str:
    statements = (getattr(link, "statement", None) for link in _chain(error))
    return next(filter(None, statements), "")


def _name(url: URL) -> str:
    """Say which database it is; its password may also be among the parameters."""
    backend = url.get_backend_name()
    return str(URL.create(backend, url.username, None, url.host, url.port, url.database))


def sqlstate(error: BaseException) -> str | None:
    """Return PostgreSQL's code for an error, however deep the driver has wrapped it."""
    codes = (getattr(link, "sqlstate", None) for link in _chain(error))
    return next((code for code in codes if code), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = getattr(link, "orig", None) or link.__cause__


def _reason(error: BaseException) -> str:
    """Say it in the words of the operating system, without addresses and numbers."""
    for link in _chain(error):
        if isinstance(link, TimeoutError):
            return "no answer in time"
        if isinstance(link, ConnectionRefusedError):
            return "nothing listens there"
        if isinstance(link, FileNotFoundError):
            return "there is no such socket"
    return first_line(error)


def first_line(error: BaseException) -> str:
    """Return what an error says, without the classes and the statement."""
    said = str(getattr(error, "orig", None) or error) or type(error).__name__
    return said.splitlines()[0].split(">: ")[-1]

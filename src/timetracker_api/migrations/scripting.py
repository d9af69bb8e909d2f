"""Revisions written as SQL for PostgreSQL: to run by hand, to review, and to see what they do."""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from timetracker_api.migrations import revisions
from timetracker_api.migrations.driver_errors import first_line
from timetracker_api.migrations.exclusively import alembic_to_ourselves
from timetracker_api.migrations.failures import BadUsage, RevisionFailed

_TRANSACTION = re.compile(
    r"^(?=BEGIN;\n\n(?:CREATE TABLE alembic_version|-- Running))", re.MULTILINE
)
_RUNNING = re.compile(r"^-- Running upgrade .*-> (\S+)$", re.MULTILINE)
_BEGUN = re.compile(r"^-- Running (?:upgrade .*-> (\S+)|downgrade (\S+) ->)", re.MULTILINE)


async def upgrade_sql(span: str, folder: Path | None = None) -> str:
    """Return the statements that lead from one revision to another: ``base:head``."""
    return await _written(command.upgrade, span, folder)


async def downgrade_sql(span: str, folder: Path | None = None) -> str:
    """Return the statements that lead back from one revision to another: ``head:base``."""
    return await _written(command.downgrade, span, folder)


async def _written(run: Callable[..., None], span: str, folder: Path | None) -> str:
    config: Config = revisions.configuration(folder)
    config.output_buffer = written = io.StringIO()
    try:
        async with alembic_to_ourselves():
            run(config, span, sql=True)
    except CommandError:
        raise
    except Exception as error:
        names = ["".join(match) for match in _BEGUN.findall(written.getvalue())]
        if not names and isinstance(error, SyntaxError | ImportError):  # of env.py
            raise
        raise RevisionFailed(
            f"{names[-1] if names else span} cannot be written as SQL: {first_line(error)}",
            "Correct the revision",
        ) from error
    return written.getvalue().strip() + "\n"


def by_revision(sql: str) -> dict[str, str]:
    """Take a script apart: one that runs by itself for each revision."""
    settings, *transactions = _TRANSACTION.split(sql)
    found = ((_RUNNING.search(transaction), transaction) for transaction in transactions)
    return {name[1]: settings + transaction for name, transaction in found if name}


def statements(sql: str) -> Sequence[str]:
    """Return what a script does, without what it does for Alembic's sake."""
    found = (statement.strip() for statement in _COMMENT.sub("", sql).split(";\n"))
    return [statement for statement in found if statement and not _HOUSEKEEPING.match(statement)]


_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_HOUSEKEEPING = re.compile(
    r"BEGIN$|COMMIT$|SET |RESET |(?:CREATE TABLE|INSERT INTO|UPDATE|DELETE FROM) alembic_version\b"
)


def write_folder(folder: Path, scripts: Mapping[str, str]) -> list[Path]:
    """Write one file per script, and their checksums as ``sha256sum --check`` reads them."""
    files = {folder / f"{name}.sql": script for name, script in scripts.items()}
    sums = (
        f"{sha256(script.encode()).hexdigest()}  {file.name}\n" for file, script in files.items()
    )
    files[folder / "SHA256SUMS"] = "".join(sums)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file, written in files.items():
            file.write_text(written, encoding="utf-8")
    except OSError as error:
        raise BadUsage(
            f"{error.filename or folder} cannot be written: {str(error.strerror).lower()}",
            "Name another folder",
        ) from error
    return list(files)

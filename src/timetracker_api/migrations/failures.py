"""The ways in which dealing with revisions ends badly, each with an exit code and a way out.

    Failure
    ├── Internal          1  a bug of ours
    ├── BadUsage          2  a setting or an argument does not make sense
    ├── Unreachable       3  no connection, or no database behind it
    ├── NotPermitted      4  the role or the file lacks a right
    ├── Pending           5  the database is not at the head
    ├── Drift             6  the tables, or the revisions, are not what the models say
    ├── SeveralHeads      7  nobody can tell which revision comes next
    ├── UnknownRevision   8  not among our scripts: a newer release's, or a misspelt one
    ├── ForeignSchema     9  tables that our revisions did not create
    ├── LockBusy         10  somebody else is migrating
    ├── LockTimeout      11  the service never let go of a table for long enough
    ├── Unconfirmed      12  data would be lost, and nobody said yes
    ├── BackupFailed     13  a backup could not be written or verified; nothing was changed
    ├── RevisionFailed   14  a revision raised, and was rolled back
    ├── IndexFailed      15  an index on a custom field could not be built
    ├── Unverified       16  the database is not where the upgrade should have left it
    ├── RestoreFailed    17  a backup cannot be restored here; the target is as it was
    ├── DataPending      20  rows still have to be changed before this can go on
    ├── Interrupted     130  somebody pressed Ctrl-C
    └── Terminated      143  somebody ended the process

They are Alembic's own kind of error, so that plain ``alembic`` prints them as one line as well.
"""

from typing import ClassVar

from alembic.util import CommandError


class Failure(CommandError):
    """What went wrong, and what to do about it."""

    code: ClassVar[str]
    exit_code: ClassVar[int]

    def __init__(self, problem: str, way_out: str = "") -> None:
        super().__init__(f"{problem}. {way_out}." if way_out else f"{problem}.")
        self.problem = problem
        self.way_out = way_out


class Internal(Failure):
    code = "internal"
    exit_code = 1


class BadUsage(Failure):
    code = "usage"
    exit_code = 2


class PoolerInTheWay(BadUsage):
    """The URL leads to a pooler, where neither a lock nor a setting lasts."""

    def __init__(self) -> None:
        super().__init__(
            "the database URL leads to a pooler",
            "Set TIMETRACKER_DATABASE_POOLER=transaction for the service, and name the server "
            "itself in TIMETRACKER_MIGRATION_DATABASE_URL for all that needs it",
        )


class Unreachable(Failure):
    code = "unreachable"
    exit_code = 3


class NotPermitted(Failure):
    code = "not_permitted"
    exit_code = 4


class Pending(Failure):
    code = "pending"
    exit_code = 5


class Drift(Failure):
    code = "drift"
    exit_code = 6


class SeveralHeads(Failure):
    code = "several_heads"
    exit_code = 7


class UnknownRevision(Failure):
    code = "unknown_revision"
    exit_code = 8


class ForeignSchema(Failure):
    code = "foreign_schema"
    exit_code = 9


class LockBusy(Failure):
    code = "lock_busy"
    exit_code = 10


class LockTimeout(Failure):
    code = "lock_timeout"
    exit_code = 11


class Unconfirmed(Failure):
    code = "unconfirmed"
    exit_code = 12


class BackupFailed(Failure):
    code = "backup_failed"
    exit_code = 13


class RevisionFailed(Failure):
    code = "revision_failed"
    exit_code = 14


class IndexFailed(Failure):
    code = "index_failed"
    exit_code = 15


class Unverified(Failure):
    code = "unverified"
    exit_code = 16


class RestoreFailed(Failure):
    code = "restore_failed"
    exit_code = 17


class DataPending(Failure):
    code = "data_pending"
    exit_code = 20


class Interrupted(Failure):
    code = "interrupted"
    exit_code = 130

    def __init__(self) -> None:
        super().__init__(
            "interrupted; what was finished before stays, and the rest is rolled back",
            "Run it again to go on",
        )


class Terminated(Interrupted):
    exit_code = 143

"""The facts that a release brings along: those of its newest revision, and a digest of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from sqlalchemy import Connection

from timetracker_api.migrations import revisions
from timetracker_api.migrations.fingerprint.describing import (
    Fact,
    Facts,
    differences,
    digest,
    facts,
)


@dataclass(frozen=True)
class Expected:
    """How one kind of database looks at each revision."""

    head: str
    """The revision that is described in full."""
    facts: Facts
    digests: Mapping[str, str]
    tables: Mapping[str, Sequence[str]]
    """The names of the tables at each revision."""

    def to_json(self) -> str:
        """Write it so that a change of one column is a change of one line."""
        facts = {
            kind: {fact.name: fact.text for fact in group}
            for kind, group in groupby(sorted(self.facts), lambda fact: fact.kind)
        }
        document = {
            "head": self.head,
            "digests": self.digests,
            "tables": self.tables,
            "facts": facts,
        }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, written: str) -> "Expected":
        document = json.loads(written)
        facts = [
            Fact(kind, name, text)
            for kind, group in document["facts"].items()
            for name, text in group.items()
        ]
        return cls(document["head"], facts, document["digests"], document["tables"])


def file(dialect: str, folder: Path | None = None) -> Path:
    """Return where the facts of one database are recorded: beside the revisions."""
    return (folder or revisions.location()) / f"expected.{dialect}.json"


@cache
def expected(dialect: str, folder: Path | None = None) -> Expected | None:
    """Return what has been recorded, read once; nothing beside revisions that are not ours."""
    path = file(dialect, folder)
    return Expected.from_json(path.read_text(encoding="utf-8")) if path.exists() else None


def digest_of(dialect: str, revision: str | None, folder: Path | None = None) -> str | None:
    """Return the digest of a revision, or nothing where none has been recorded."""
    recorded = expected(dialect, folder)
    if recorded and revision is None:
        return digest([])
    return recorded.digests.get(revision or "") if recorded else None


def tables_at(dialect: str, revision: str, folder: Path | None = None) -> frozenset[str] | None:
    """Return the tables that a revision leaves, or nothing where none have been recorded."""
    recorded = expected(dialect, folder)
    names = recorded.tables.get(revision) if recorded else None
    return None if names is None else frozenset(names)


def matches(connection: Connection, revision: str | None, folder: Path | None = None) -> bool:
    """Tell whether a database is what a revision makes of it, whatever it says of itself.

    False for a revision of which nothing has been recorded.
    """
    return digest(facts(connection)) == digest_of(connection.dialect.name, revision, folder)


def drift(connection: Connection, revision: str | None, folder: Path | None = None) -> list[str]:
    """Return in words how a database differs from what a revision makes of it.

    In full for the head, in one sentence for others. Nothing where nothing has been recorded,
    as for a revision that is being written.
    """
    wanted = digest_of(connection.dialect.name, revision, folder)
    found = facts(connection)
    if wanted in (None, digest(found)):
        return []
    recorded = expected(connection.dialect.name, folder)
    if recorded and recorded.head == revision:
        return differences(found, recorded.facts)
    return [f"the tables are not those of {revision or 'an empty database'}"]

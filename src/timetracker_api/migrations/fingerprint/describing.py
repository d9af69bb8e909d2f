"""What a database says of each of its tables, columns, constraints, indexes, triggers and views."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from timetracker_api.migrations.fingerprint.postgresql import describe_postgresql
from timetracker_api.migrations.fingerprint.sqlite import describe_sqlite


class Fact(NamedTuple):
    """One thing in a database, in the words of the database."""

    kind: str
    name: str
    """``clients.email`` for a column, ``ix_clients_email of clients`` for what belongs to one."""
    text: str

    @property
    def subject(self) -> str:
        """What a sentence about it begins with."""
        return f"{self.kind} {self.name}"

    def belongs_to(self, tables: Iterable[str]) -> bool:
        """Tell whether it is part of a table, and comes and goes with it."""
        return any(
            self.name.startswith(f"{table}.") or self.name.endswith(f" of {table}")
            for table in tables
        )


Facts = Sequence[Fact]


def facts(connection: Connection) -> Facts:
    """Return all there is, except for Alembic's table and what custom fields have made on demand.

    It does not depend on who owns the database, in which schema and order things were created, or
    which release of PostgreSQL it is.
    """
    describe = describe_sqlite if connection.dialect.name == "sqlite" else describe_postgresql
    return sorted(Fact(*found) for found in describe(connection))


def digest(found: Facts) -> str:
    """Return a short name for a whole schema: another one has another name."""
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def differences(found: Facts, wanted: Facts, *, where: str = "in the database") -> list[str]:
    """Return a sentence for each thing that is not as it should be."""
    have, want = _by_subject(found), _by_subject(wanted)
    missing = _whole(want[subject] for subject in want.keys() - have.keys())
    extra = _whole(have[subject] for subject in have.keys() - want.keys())
    changed = (subject for subject in have.keys() & want.keys() if have[subject] != want[subject])
    return sorted(
        [
            *(f"{fact.subject}: missing {where}" for fact in missing),
            *(f"{fact.subject}: {where} only" for fact in extra),
            *(f"{each}: {_change(have[each].text, want[each].text, where)}" for each in changed),
        ]
    )


def together(*comparisons: Sequence[str]) -> list[str]:
    """Join the sentences of several comparisons; the first that speaks of a thing is enough."""
    joined: list[str] = []
    for found in comparisons:
        told = {_subject(sentence) for sentence in joined}
        joined += [sentence for sentence in found if _subject(sentence) not in told]
    return joined


def _subject(sentence: str) -> str:
    return sentence.split(": ", maxsplit=1)[0]


def _by_subject(facts: Facts) -> Mapping[str, Fact]:
    return {fact.subject: fact for fact in facts}


def _whole(facts: Iterable[Fact]) -> Facts:
    """Leave out what is only missing, or there, because its table is."""
    facts = list(facts)
    tables = [fact.name for fact in facts if fact.kind == "table"]
    return [fact for fact in facts if not fact.belongs_to(tables)]


def _change(found: str, wanted: str, where: str) -> str:
    return f"is {found or 'plain'} {where}, should be {wanted or 'plain'}"

"""Fifty ways in which a table can be other than it should be: before, and after.

The same fifty on both databases. What has no effect in one of them, that one cannot tell.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

POSTGRESQL_ONLY = {
    "a date and time with its zone",
    "JSON kept in another form",
    "a comment",
    "an identity",
    "a number that is no longer given by the database",
    "NULLs that are no longer distinct",
    "another value in a native enumeration",
    "the method of an index",
    "the operators of an index",
    "columns that an index includes",
}
SQLITE_ONLY = {"numbers that are not used again"}
NOWHERE = {"the order of columns", "a default in Python"}

MISSED: Mapping[str, set[str]] = {
    "sqlite": POSTGRESQL_ONLY | NOWHERE,
    "postgresql": SQLITE_ONLY | NOWHERE,
}

NOCASE = String(collation="C").with_variant(String(collation="NOCASE"), "sqlite")
DOCUMENT = JSON().with_variant(JSONB(), "postgresql")


def table(*items: SchemaItem, key: Column[Any] | None = None, **options: Any) -> MetaData:
    """A table with a few columns and what is given, and one that it may refer to."""
    metadata = MetaData()
    Table("others", metadata, Column("id", Integer, primary_key=True), Column("a", Integer))
    first = Column("id", Integer, nullable=False) if key is None else key
    keys = [] if first.primary_key else [PrimaryKeyConstraint("id", name="pk")]
    own = {item.name for item in items if isinstance(item, Column)}
    columns = [Column("a", String), Column("b", Integer), Column("document", DOCUMENT)]
    rest = [column for column in columns if column.name not in own]
    Table("things", metadata, first, *rest, *keys, *items, **options)
    return metadata


def partial(condition: str, **options: Any) -> Index:
    where = text(condition)
    return Index("ix", "a", sqlite_where=where, postgresql_where=where, **options)


def gin(**options: Any) -> Index:
    return Index("ix", "document", postgresql_using="gin", **options)


def reference(name: str = "fk", target: str = "others.id", **options: Any) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["b"], [target], name=name, **options)


def choice(*values: str) -> Column[Any]:
    checked = Enum(*values, name="ck", native_enum=False, create_constraint=True, length=9)
    return Column("c", checked)


def computed(expression: str) -> Column[Any]:
    return Column("c", Integer, Computed(expression, persisted=True))


def renamed(metadata: MetaData) -> MetaData:
    metadata.tables["things"].name = "matters"
    return metadata


def without(metadata: MetaData, name: str) -> MetaData:
    metadata.remove(metadata.tables[name])
    return metadata


CHANGES: Mapping[str, tuple[MetaData, MetaData]] = {
    # Tables and columns
    "a table more": (without(table(), "others"), table()),
    "another name of a table": (table(), renamed(table())),
    "a column more": (table(), table(Column("c", String))),
    "another name of a column": (table(Column("c", String)), table(Column("d", String))),
    "a wider number": (table(), table(Column("b", BigInteger))),
    "a text of another type": (table(), table(Column("a", Text))),
    "a longer text": (table(Column("a", String(100))), table(Column("a", String(200)))),
    "decimals": (table(Column("b", Numeric(12, 2))), table(Column("b", Numeric(14, 4)))),
    "a flag that was a number": (table(), table(Column("b", Boolean))),
    "a date and time with its zone": (
        table(Column("b", DateTime)),
        table(Column("b", DateTime(timezone=True))),
    ),
    "JSON kept in another form": (table(Column("document", JSON)), table()),
    "a value that is required": (table(), table(Column("b", Integer, nullable=False))),
    "a value no longer required": (table(Column("b", Integer, nullable=False)), table()),
    "a default more": (table(), table(Column("b", Integer, server_default=text("1")))),
    "another default": (
        table(Column("b", Integer, server_default=text("1"))),
        table(Column("b", Integer, server_default=text("2"))),
    ),
    "a default less": (table(Column("b", Integer, server_default=text("1"))), table()),
    "a default in Python": (table(), table(Column("b", Integer, default=1))),
    "the order of text": (table(), table(Column("a", NOCASE))),
    "the order of columns": (
        table(Column("c", Integer), Column("d", Integer)),
        table(Column("d", Integer), Column("c", Integer)),
    ),
    "another computation": (table(computed("b + 1")), table(computed("b + 2"))),
    "a computed column": (table(Column("c", Integer)), table(computed("b + 1"))),
    "a comment": (table(), table(Column("b", Integer, comment="in hours"))),
    "an identity": (
        table(Column("c", Integer, Identity(always=True))),
        table(Column("c", Integer, Identity(always=False))),
    ),
    "a number that is no longer given by the database": (
        table(key=Column("id", Integer, primary_key=True)),
        table(key=Column("id", Integer, primary_key=True, autoincrement=False)),
    ),
    "numbers that are not used again": (
        table(key=Column("id", Integer, primary_key=True)),
        table(key=Column("id", Integer, primary_key=True), sqlite_autoincrement=True),
    ),
    # Constraints
    "the columns of a primary key": (
        table(key=Column("id", Integer, primary_key=True, autoincrement=False)),
        table(
            Column("b", Integer, primary_key=True, autoincrement=False),
            key=Column("id", Integer, primary_key=True, autoincrement=False),
        ),
    ),
    "another name of a rule": (
        table(UniqueConstraint("a", name="uq")),
        table(UniqueConstraint("a", name="uq_a")),
    ),
    "a unique value": (table(), table(UniqueConstraint("a", name="uq"))),
    "other unique values": (
        table(UniqueConstraint("a", name="uq")),
        table(UniqueConstraint("a", "b", name="uq")),
    ),
    "NULLs that are no longer distinct": (
        table(UniqueConstraint("a", name="uq")),
        table(UniqueConstraint("a", name="uq", postgresql_nulls_not_distinct=True)),
    ),
    "a rule more": (table(), table(CheckConstraint("b > 0", name="ck"))),
    "another rule": (
        table(CheckConstraint("b > 0", name="ck")),
        table(CheckConstraint("b >= 0", name="ck")),
    ),
    "another value in a checked enumeration": (table(choice("x")), table(choice("x", "y"))),
    "another value in a native enumeration": (
        table(Column("c", Enum("x", name="kind"))),
        table(Column("c", Enum("x", "y", name="kind"))),
    ),
    "a reference more": (table(), table(reference())),
    "what happens to what refers": (table(reference()), table(reference(ondelete="CASCADE"))),
    "a reference that may wait": (
        table(reference()),
        table(reference(deferrable=True, initially="DEFERRED")),
    ),
    "a reference to something else": (
        table(reference(), UniqueConstraint("b", name="uq")),
        table(reference(target="things.b"), UniqueConstraint("b", name="uq")),
    ),
    # Indexes
    "an index more": (table(), table(Index("ix", "a"))),
    "an index less": (table(Index("ix", "a")), table()),
    "another name of an index": (table(Index("ix", "a")), table(Index("ix_a", "a"))),
    "the order of an index": (table(Index("ix", "a", "b")), table(Index("ix", "b", "a"))),
    "a unique index": (table(Index("ix", "a")), table(Index("ix", "a", unique=True))),
    "a descending index": (table(Index("ix", "a")), table(Index("ix", text("a DESC")))),
    "another expression in an index": (
        table(Index("ix", text("lower(a)"))),
        table(Index("ix", text("upper(a)"))),
    ),
    "another condition of an index": (table(partial("b > 0")), table(partial("b > 1"))),
    "an index that has lost its condition": (
        table(partial("b > 0", unique=True)),
        table(Index("ix", "a", unique=True)),
    ),
    "the method of an index": (
        table(Index("ix", "a")),
        table(Index("ix", "a", postgresql_using="hash")),
    ),
    "the operators of an index": (
        table(gin()),
        table(gin(postgresql_ops={"document": "jsonb_path_ops"})),
    ),
    "columns that an index includes": (
        table(Index("ix", "a")),
        table(Index("ix", "a", postgresql_include=["b"])),
    ),
}

RUNNING = "uq_time_entries_running"
NOT_PARTIAL = (f"DROP INDEX {RUNNING}", f"CREATE UNIQUE INDEX {RUNNING} ON time_entries (user_id)")

EITHER = {
    "DROP INDEX ix_tokens_user_id": "index ix_tokens_user_id of tokens: missing in the database",
    "CREATE TABLE notes (id INTEGER PRIMARY KEY)": "table notes: in the database only",
    "CREATE VIEW report AS SELECT 1 AS n": "view report: in the database only",
    "DROP TABLE idempotent_answers": "table idempotent_answers: missing in the database",
    "ALTER TABLE users ADD nickname VARCHAR": "column users.nickname: in the database only",
    "ALTER TABLE users DROP COLUMN email": "column users.email: missing in the database",
}

TOLD: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "sqlite": (
        (
            *EITHER,
            *NOT_PARTIAL,
            "CREATE TRIGGER watch AFTER DELETE ON users BEGIN SELECT 1; END",
            (
                "CREATE TABLE x (id INTEGER NOT NULL, version INTEGER DEFAULT 1 NOT NULL,"
                " CONSTRAINT pk_schema_version PRIMARY KEY (id)) STRICT"
            ),
            "DROP TABLE schema_version",
            "ALTER TABLE x RENAME TO schema_version",
        ),
        (
            *EITHER.values(),
            (
                f"index {RUNNING} of time_entries: is unique (user_id) in the database, "
                "should be unique (user_id) where ended_at is null"
            ),
            "trigger watch of users: in the database only",
            "table schema_version: is strict in the database, should be plain",
            (
                "column schema_version.version: is integer default 1 not null in the database, "
                "should be integer not null"
            ),
        ),
    ),
    "postgresql": (
        (
            *EITHER,
            *NOT_PARTIAL,
            "DROP INDEX ix_tasks_project_id",
            "CREATE INDEX ix_tasks_project_id ON tasks USING hash (project_id)",
            "ALTER TABLE clients ALTER custom_fields SET DEFAULT '[]'",
            'ALTER TABLE users ALTER name TYPE VARCHAR COLLATE "C"',
            "ALTER TABLE tokens DROP CONSTRAINT ck_tokens_kind",
            "ALTER TABLE tokens ADD CONSTRAINT ck_tokens_kind CHECK (id > 0) NOT VALID",
            "ALTER TABLE tokens DISABLE TRIGGER ALL",
            "ALTER TABLE events ENABLE ROW LEVEL SECURITY",
            "CREATE POLICY few ON events USING (id > 1)",
            "CREATE FUNCTION watch() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
            "CREATE TRIGGER watch AFTER DELETE ON users EXECUTE FUNCTION watch()",
            "CREATE RULE never AS ON DELETE TO projects DO INSTEAD NOTHING",
            "ALTER SEQUENCE events_id_seq AS INTEGER",
        ),
        (
            *EITHER.values(),
            (
                f"index {RUNNING} of time_entries: is UNIQUE btree (user_id) in the database, "
                "should be UNIQUE btree (user_id) WHERE ended_at IS NULL"
            ),
            (
                "index ix_tasks_project_id of tasks: is hash (project_id) in the database, "
                "should be btree (project_id)"
            ),
            (
                "column clients.custom_fields: is jsonb NOT NULL DEFAULT '[]'::jsonb in the "
                "database, should be jsonb NOT NULL DEFAULT '{}'::jsonb"
            ),
            (
                'column users.name: is character varying COLLATE "C" in the database, '
                "should be character varying"
            ),
            (
                "constraint ck_tokens_kind of tokens: is CHECK (id > 0) NOT VALID in the "
                "database, should be CHECK (kind = ANY (ARRAY['session', 'api']))"
            ),
            "table tokens: is triggers off in the database, should be plain",
            "table events: is row security in the database, should be plain",
            "policy few of events: in the database only",
            "trigger watch of users: in the database only",
            "rule never of projects: in the database only",
            (
                "sequence events_id_seq of events: is integer 1 to 2147483647 by 1 in the "
                "database, should be bigint 1 to 9223372036854775807 by 1"
            ),
        ),
    ),
}
"""What people do to a database of ours, and how it is told."""

"""The rules for models that keep one chain of revisions right on both databases."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DefaultClause,
    Enum,
    Identity,
    Integer,
    String,
    Table,
    TypeDecorator,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from timetracker_api.migrations.dialect_only import dialects
from timetracker_api.models import metadata
from timetracker_api.web.pagination import Listing

LONGEST_NAME = 63
"""Characters that PostgreSQL keeps of a name; it cuts the rest off without a word."""


@pytest.fixture(params=metadata.sorted_tables, ids=lambda table: table.name)
def table(request: pytest.FixtureRequest) -> Table:
    return request.param


def columns(table: Table) -> Iterator[Column[Any]]:
    yield from table.columns


def stored(column: Column[Any]) -> Any:
    """What a column is in the database, whatever Python makes of it."""
    kind = cast("Any", column.type)
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def test_every_constraint_and_index_has_a_name_that_postgresql_keeps_whole(table: Table):
    for item in (*table.constraints, *table.indexes):
        assert item.name, item
        assert len(str(item.name)) <= LONGEST_NAME, item.name
    assert len(table.name) <= LONGEST_NAME


def test_constraints_are_named_by_the_convention(table: Table):
    prefixes = {
        "PrimaryKeyConstraint": "pk",
        "ForeignKeyConstraint": "fk",
        "UniqueConstraint": "uq",
        "CheckConstraint": "ck",
    }
    for constraint in table.constraints:
        name = str(constraint.name)
        assert name.startswith(f"{prefixes[type(constraint).__name__]}_{table.name}"), name
    for index in table.indexes:
        assert str(index.name).startswith((f"ix_{table.name}", f"uq_{table.name}")), index.name


def test_an_enumeration_is_text_with_a_check(table: Table):
    for column in columns(table):
        kind = stored(column)
        assert not (isinstance(kind, Enum) and (kind.native_enum or kind.create_constraint))
        assert not (isinstance(kind, Boolean) and kind.create_constraint)


def test_keys_are_numbered_by_the_type_and_not_by_identity(table: Table):
    for column in columns(table):
        assert not isinstance(column.server_default, Identity), column
        assert column.identity is None, column


def test_a_big_key_is_an_integer_on_sqlite(table: Table):
    for column in table.primary_key.columns:
        if isinstance(stored(column), BigInteger):
            assert type(column.type.dialect_impl(sqlite.dialect())) is not BigInteger, column
            assert isinstance(column.type.dialect_impl(sqlite.dialect()), Integer), column


def test_a_reference_has_the_type_of_what_it_refers_to(table: Table):
    for column in columns(table):
        for key in column.foreign_keys:
            for dialect in (sqlite.dialect(), postgresql.dialect()):
                target = key.column.type.compile(dialect).replace("SERIAL", "INTEGER")
                assert column.type.compile(dialect) == target, column


def test_lists_are_sorted_by_code_points_on_both_databases():
    dialect = postgresql.dialect()
    texts = {
        (listing.__name__, name): column.type.compile(dialect)
        for listing in listings(Listing)
        for name, column in listing().order().items()
        if isinstance(column.type, String)
    }
    assert ("ClientListing", "name") in texts
    assert {'VARCHAR COLLATE "C"'} == set(texts.values()), texts


def listings(kind: type[Listing]) -> Iterator[type[Listing]]:
    """Every way to list something."""
    for each in kind.__subclasses__():
        yield each
        yield from listings(each)


def test_every_check_belongs_to_a_table_and_not_to_a_column(table: Table):
    for column in columns(table):
        checks = [c for c in column.constraints if isinstance(c, CheckConstraint)]
        assert checks == [], column


def test_an_empty_default_is_written_as_sql(table: Table):
    for column in columns(table):
        if isinstance(column.server_default, DefaultClause):
            assert column.server_default.arg != "", column


def test_a_computed_column_is_stored(table: Table):
    for column in columns(table):
        assert column.computed is None or column.computed.persisted, column


def test_a_type_of_ours_is_stored_the_same_way_on_both_databases(table: Table):
    for column in columns(table):
        kind = cast("Any", column.type)
        if isinstance(kind, TypeDecorator):
            assert "load_dialect_impl" not in vars(type(column.type)), column


def test_an_index_for_one_database_only_is_for_postgresql(table: Table):
    for index in table.indexes:
        assert dialects(index) in {(), ("postgresql",)}, index.name


def test_an_index_with_options_of_postgresql_is_for_postgresql_only(table: Table):
    for index in table.indexes:
        options: dict[str, Any] = dict(index.dialect_kwargs)
        special = {name for name in options if name.startswith("postgresql_")}
        if special - {"postgresql_where", "postgresql_include"}:  # which SQLite does without
            assert dialects(index) == ("postgresql",), index.name


def test_an_index_on_some_rows_covers_the_same_rows_on_both_databases(table: Table):
    for index in table.indexes:
        where: dict[str, Any] = dict(index.dialect_kwargs)
        if "postgresql_where" in where and not dialects(index):
            assert str(where["sqlite_where"]) == str(where["postgresql_where"]), index.name


def test_every_table_can_be_created_on_both_databases(table: Table):
    for dialect in (sqlite.dialect(), postgresql.dialect()):
        assert CreateTable(table).compile(dialect=dialect)
        for index in table.indexes:
            if dialect.name in (dialects(index) or (dialect.name,)):
                assert CreateIndex(index).compile(dialect=dialect)


def test_tables_do_not_refer_to_one_another_in_a_circle():
    assert len(metadata.sorted_tables) == len(metadata.tables)
    for table in metadata.tables.values():
        assert not any(key.use_alter for key in table.foreign_keys), table.name

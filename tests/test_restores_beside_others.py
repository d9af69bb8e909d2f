"""What a restore leaves alone: whatever others have in the database, or made of our tables."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import make_url, text

from copies import Place, content, done, execute, refused, typed
from test_backup_faults import fill

only_postgresql = pytest.mark.parametrize("place", ["postgresql"], indirect=True)
any_format = pytest.mark.parametrize("format", ["native", "portable"])

OWNERS = text("""
    SELECT DISTINCT pg_get_userbyid(relowner)::text FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')
""")

WHERE_IT_HAS_ANYTHING = """
    SELECT DISTINCT datname::text FROM pg_shdepend JOIN pg_database ON dbid = pg_database.oid
    WHERE refobjid = (SELECT oid FROM pg_roles WHERE rolname = :role)
"""


@pytest.fixture
def role(place: Place) -> Iterator[str]:
    """A role that may log in to the server, and nothing else."""
    name, server = f"role_{uuid4().hex[:8]}", place.empty()
    execute(server, text(f"CREATE ROLE {name} LOGIN"))
    yield name
    for database, *_ in execute(server, text(WHERE_IT_HAS_ANYTHING).bindparams(role=name)):
        url = make_url(server).set(database=database).render_as_string(hide_password=False)
        execute(url, text(f"DROP OWNED BY {name}"))
    execute(server, text(f"DROP ROLE {name}"))


def in_place(place: Place, url: str, format: str, *before: str) -> tuple[str, ...]:
    """Back up, do something, and return how to restore what was."""
    backup = place.backup(url, "--format", format)
    if before:
        execute(url, *map(text, before))
    return ("restore", str(backup), "--in-place", "--yes", "--database-url", url)


@only_postgresql
@any_format
def test_what_is_restored_belongs_to_whom_it_belonged(place: Place, role: str, format: str):
    url = place.full()
    tables = execute(
        url, text("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'")
    )
    execute(url, *(text(f"ALTER TABLE {name} OWNER TO {role}") for name, *_ in tables))
    assert execute(url, OWNERS) == [(role,)]
    done(*in_place(place, url, format))
    assert execute(url, OWNERS) == [(role,)]
    theirs = make_url(url).set(username=role).render_as_string(hide_password=False)
    assert content(theirs) == content(url)


@only_postgresql
@any_format
def test_who_had_rights_on_columns_has_them_again(place: Place, role: str, format: str):
    url = place.full()
    execute(
        url,
        text(f"GRANT SELECT (id, name) ON clients TO {role} WITH GRANT OPTION"),
        text(f"GRANT UPDATE (notes) ON time_entries TO {role}"),
    )
    rights = text(
        "SELECT attrelid::regclass::text, attname::text, attacl::text FROM pg_attribute"
        " WHERE attacl IS NOT NULL AND attrelid > 16000 ORDER BY 1, 2"
    )
    before = execute(url, rights)
    assert len(before) == 3
    done(*in_place(place, url, format))
    assert execute(url, rights) == before


def last_word(exit_code: int, *arguments: str) -> str:
    """Return what a command ends with that fails once it has backed up what there is."""
    result = typed(*arguments)
    assert result.exit_code == exit_code, (result.output, result.exception)
    return result.stderr.splitlines()[-1]


DEPENDENT = [
    ("CREATE VIEW apart.hours AS SELECT user_id FROM public.time_entries", "view apart.hours"),
    ("CREATE TABLE apart.notes (client bigint REFERENCES public.clients)", "apart.notes"),
    ("CREATE PUBLICATION copies_{} FOR TABLE public.clients", "the publication copies_"),
]


@only_postgresql
@any_format
@pytest.mark.parametrize(("made", "named"), DEPENDENT, ids=["view", "reference", "publication"])
def test_what_others_made_of_our_tables_is_not_dropped_with_them(
    place: Place, format: str, made: str, named: str
):
    url = place.full()
    made = made.format(uuid4().hex[:8])
    options = in_place(place, url, format, "CREATE SCHEMA apart", made, "DELETE FROM time_entries")
    line = last_word(17, *options)
    assert "what is replaced has more to it than the backup holds" in line
    assert named in line
    assert not content(url)["time_entries"]
    undo = {"VIEW": "VIEW apart.hours", "TABLE": "TABLE apart.notes"}.get(made.split()[1])
    execute(url, text(f"DROP {undo or ' '.join(made.split()[1:3])}"))
    done(*options)
    assert content(url)["time_entries"]


@only_postgresql
@any_format
def test_tables_of_others_in_the_schema_stay(place: Place, format: str):
    url = place.full()
    before = content(url)
    theirs = (
        "CREATE TABLE theirs AS SELECT 1 AS a",
        "CREATE VIEW theirs_too AS SELECT 2 AS b",
        "DELETE FROM time_entries",
    )
    done(*in_place(place, url, format, *theirs))
    assert execute(url, text("SELECT a, b FROM theirs, theirs_too")) == [(1, 2)]
    assert content(url) == before


@only_postgresql
def test_a_table_of_others_is_not_replaced_by_one_of_a_newer_revision(place: Place):
    url = place.full()
    done("downgrade", "0009", "--yes", "--database-url", url)
    options = in_place(place, url, "portable", "CREATE TABLE invoices AS SELECT 1 AS a")
    assert last_word(17, *options) == (
        "somebody else's invoices stands where a table of that name has to go. Rename that first."
    )
    assert execute(url, text("SELECT a FROM invoices")) == [(1,)]
    execute(url, text("ALTER TABLE invoices RENAME TO theirs"))
    done(*options)
    assert execute(url, text("SELECT a FROM theirs")) == [(1,)]


@only_postgresql
def test_functions_and_types_of_the_schema_do_not_stand_in_the_way(place: Place):
    url = place.full()
    execute(
        url,
        text("CREATE TYPE mood AS ENUM ('good')"),
        text("CREATE FUNCTION hello() RETURNS mood LANGUAGE sql AS $$ SELECT 'good'::mood $$"),
        text("CREATE TABLE theirs (a mood DEFAULT hello())"),
    )
    options = in_place(place, url, "native", "INSERT INTO theirs DEFAULT VALUES")
    done(*options)
    assert execute(url, text("SELECT count(*) FROM theirs")) == [(0,)]
    empty = place.empty()
    done(*options[:2], "--yes", "--database-url", empty)
    assert execute(empty, text("SELECT hello()::text")) == [("good",)]


def test_a_portable_backup_leaves_out_what_no_revision_made(place: Place):
    url, empty = place.full(), place.empty()
    execute(url, text("CREATE TABLE theirs AS SELECT 1 AS a"))
    backup = place.folder / "ours.ttb"
    said = typed("backup", str(backup), "--format", "portable", "--database-url", url)
    assert "left out, as no revision has made them: theirs" in said.stderr
    assert "theirs" not in json.loads(backup.with_name("ours.ttb.json").read_text())["tables"]
    done("verify", str(backup))
    done("restore", str(backup), "--yes", "--database-url", empty)
    assert {**content(url), "theirs": []} == {**content(empty), "theirs": []}


def test_a_portable_backup_of_what_lacks_a_table_is_refused(place: Place):
    url = place.full()
    execute(url, text("DROP TABLE link_templates"))
    line = refused(13, "backup", "--format", "portable", "--database-url", url)
    assert line.startswith("the database lacks link_templates, which 00")


@only_postgresql
@pytest.mark.parametrize("made", ["POLICY p ON clients", "TRIGGER t AFTER DELETE ON clients"])
def test_a_portable_backup_does_not_replace_what_it_cannot_hold(place: Place, made: str):
    url = place.full()
    how = (
        ""
        if made.startswith("POLICY")
        else " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
    )
    if how:
        made = made.replace("AFTER DELETE", "BEFORE UPDATE") + " FOR EACH ROW"
    options = in_place(place, url, "portable", f"CREATE {made}{how}")
    line = last_word(17, *options)
    assert f"the {made.split()[0].lower()} {made.split()[1]} of clients" in line


@only_postgresql
@any_format
def test_rows_that_a_policy_hides_are_not_left_out_of_a_backup(
    place: Place, role: str, format: str
):
    url = place.full()
    execute(
        url,
        text(f"GRANT pg_read_all_data TO {role}"),
        text("ALTER TABLE clients ENABLE ROW LEVEL SECURITY"),
    )
    theirs = make_url(url).set(username=role).render_as_string(hide_password=False)
    line = refused(13, "backup", "--format", format, "--database-url", theirs)
    assert line == (
        "row level security hides rows from this role, of clients."
        " Back up as a role with BYPASSRLS."
    )
    execute(url, text(f"ALTER ROLE {role} BYPASSRLS"))
    assert place.backup(theirs, "--format", format).exists()


@only_postgresql
@any_format
def test_a_backup_and_a_restore_take_longer_than_the_database_lets_others(
    place: Place, format: str
):
    url = place.full()
    fill(url)
    before = content(url)
    name = make_url(url).database
    for setting in ("statement", "transaction", "idle_session", "idle_in_transaction_session"):
        execute(url, text(f"ALTER DATABASE {name} SET {setting}_timeout = '50ms'"))
    done(*in_place(place, url, format))
    for setting in ("statement", "transaction", "idle_session", "idle_in_transaction_session"):
        execute(url, text(f"ALTER DATABASE {name} RESET {setting}_timeout"))
    assert content(url) == before

"""What a restore takes out of a PostgreSQL database, and gives back to what takes its place.

Nothing is dropped that the revisions or the backup do not know, nor what depends on it: a view of
somebody else's would be in no backup.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, text

from timetracker_api.migrations.catalog import VERSION_TABLE, quoted, relations, version_rows
from timetracker_api.migrations.failures import RestoreFailed
from timetracker_api.migrations.fingerprint import tables_at

DEPENDENT_OBJECTS = "2BP01"

_IN_OUR_SCHEMA = "c.relnamespace = CAST(quote_ident(current_schema()) AS regnamespace)"

_KINDS = text(f"""
    SELECT CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
        WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS kind,
        string_agg(format('%I.%I', current_schema(), c.relname), ', ' ORDER BY c.relname) AS names
    FROM pg_class c
    WHERE {_IN_OUR_SCHEMA} AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = ANY(:names)
    GROUP BY kind ORDER BY min(array_position(ARRAY['v', 'm'], c.relkind::text)) NULLS LAST
""")  # noqa: S608 - our own words

_PUBLISHED = text(f"""
    SELECT DISTINCT 'the publication ' || quote_ident(p.pubname)
    FROM pg_publication p JOIN pg_publication_rel r ON r.prpubid = p.oid
        JOIN pg_class c ON c.oid = r.prrelid
    WHERE {_IN_OUR_SCHEMA} AND c.relname = ANY(:names) ORDER BY 1
""")  # noqa: S608 - our own words

_NOT_PORTABLE = text(f"""
    SELECT 'the policy ' || quote_ident(p.polname) || ' of ' || quote_ident(c.relname)
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
    WHERE {_IN_OUR_SCHEMA} AND c.relname = ANY(:names)
    UNION ALL
    SELECT 'the trigger ' || quote_ident(t.tgname) || ' of ' || quote_ident(c.relname)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE {_IN_OUR_SCHEMA} AND c.relname = ANY(:names) AND NOT t.tgisinternal ORDER BY 1
""")  # noqa: S608 - our own words

_OWNER = text(f"""
    SELECT quote_ident(pg_get_userbyid(c.relowner)) FROM pg_class c
    WHERE {_IN_OUR_SCHEMA} AND c.relname = '{VERSION_TABLE}'
      AND pg_get_userbyid(c.relowner) <> current_user
""")  # noqa: S608 - our own words

# Of what a backup leaves to the server, and a new table would not have: who else may use it. What
# is restored may be of an older revision, and lack a table or a column.
_GRANTS = text(f"""
    SELECT format(
        'DO $grant$ BEGIN IF to_regclass(%L) IS NOT NULL THEN GRANT %s ON %s%s TO %s%s; END IF; '
        'END $grant$', format('%I.%I', current_schema(), c.relname), acl.privilege_type,
        CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END,
        format('%I.%I', current_schema(), c.relname),
        CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END,
        CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) acl
    WHERE {_IN_OUR_SCHEMA}
      AND c.relkind IN ('r', 'p', 'v', 'm', 'S') AND acl.grantee <> c.relowner
    UNION ALL
    SELECT format(
        'DO $grant$ BEGIN IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass(%L)'
        ' AND attname = %L AND NOT attisdropped) THEN GRANT %s (%I) ON %s TO %s%s; END IF; '
        'END $grant$', format('%I.%I', current_schema(), c.relname), a.attname,
        acl.privilege_type, a.attname, format('%I.%I', current_schema(), c.relname),
        CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END,
        CASE WHEN acl.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        CROSS JOIN aclexplode(a.attacl) acl
    WHERE {_IN_OUR_SCHEMA}
      AND c.relkind IN ('r', 'p', 'v', 'm') AND acl.grantee <> c.relowner
""")  # noqa: S608 - our own words


def replaced(connection: Connection, tables: Collection[str]) -> frozenset[str]:
    """Return what makes room for these tables: those of the same names, and the revisions' own.

    Of a revision that this release does not know, all there is.
    """
    rows = version_rows(connection)
    if not rows:
        return frozenset()
    ours = tables_at("postgresql", rows[0])
    known = relations(connection) if ours is None else ours
    return frozenset({*known, *tables, VERSION_TABLE})


def dropping(connection: Connection, names: Collection[str]) -> list[str]:
    """Return what drops them; it fails where anything else depends on one."""
    found = connection.execute(_KINDS, {"names": list(names)})
    return [f"DROP {kind} {listed}" for kind, listed in found]


def refuse_losses(connection: Connection, names: Collection[str], *, portable: bool) -> None:
    """Raise where something would go with them that the backup does not bring back."""
    lost: list[str] = []
    for query in (_PUBLISHED, _NOT_PORTABLE) if portable else (_PUBLISHED,):
        lost += connection.scalars(query, {"names": list(names)})
    if lost:
        raise depended_upon("; ".join(lost))


def depended_upon(what: str) -> RestoreFailed:
    """Say what would be lost with the tables that are replaced."""
    return RestoreFailed(
        f"what is replaced has more to it than the backup holds: {what}",
        "Drop that first, and make it again afterwards",
    )


def returning(connection: Connection, schema: str, tables: Collection[str]) -> Sequence[str]:
    """Return what gives the tables that take their place to the same owner, and to others the
    rights that they have now.
    """
    owner = connection.scalar(_OWNER)
    owned = sorted({*tables, VERSION_TABLE}) if owner else ()
    return [
        *(f"ALTER TABLE {schema}.{quoted(name)} OWNER TO {owner}" for name in owned),
        *connection.scalars(_GRANTS),
    ]

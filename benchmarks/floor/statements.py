"""What the floor asks the database: one statement for each request."""

from datetime import date, timedelta

CLIENT = """
    id, created_at, updated_at, name, description, contact_person, email, phone, address, currency,
    hourly_rate, custom_fields,
    (SELECT count(*) FROM projects
     WHERE projects.client_id = clients.id AND projects.archived_at IS NULL) AS project_count,
    archived_at
"""
CLIENTS = f"SELECT {CLIENT} FROM clients WHERE archived_at IS NULL ORDER BY name_key, id LIMIT 50"
COUNT = "SELECT count(*) FROM clients WHERE archived_at IS NULL"

ME = """
    SELECT users.id, users.created_at, users.updated_at, username, users.name, email, role,
        time_zone, hourly_rate, archived_at
    FROM users JOIN tokens ON tokens.user_id = users.id
    WHERE digest = $1 AND revoked_at IS NULL
"""

ENTRY = """
    e.id, e.created_at, e.updated_at, u.id, coalesce(u.name, u.username), c.id, c.name, p.id,
    p.name, t.id, t.name, e.started_at, e.ended_at, e.duration_seconds, e.time_zone, e.local_date,
    e.notes, e.tags, e.billable, e.rate_amount, e.rate_currency, e.rate_source, e.source,
    e.continues_id, e.complete, e.custom_fields
"""
NAMES = """
    JOIN users u ON u.id = e.user_id
    JOIN clients c ON c.id = e.client_id
    LEFT JOIN projects p ON p.id = e.project_id
    LEFT JOIN tasks t ON t.id = e.task_id
"""
ENTRIES = f"SELECT {ENTRY} FROM time_entries e {NAMES}"
NEWEST = "ORDER BY e.started_at DESC, e.id DESC LIMIT 51"
ONE = f"{ENTRIES} WHERE e.id = $1"
FEED = f"{ENTRIES} {NEWEST}"
FEED_BEHIND = f"{ENTRIES} WHERE (e.started_at, e.id) < ($1, $2) {NEWEST}"


def feed_of_user(begin: date, end: date, condition: str = "true") -> str:
    """Write the statement for the entries of ``$1`` on some days.

    Where the days are parameters, PostgreSQL takes them for few after it has planned five times,
    and from then on reads those of everybody. When a day begins differs by 26 hours; the instants
    say nothing new, but where in the index to begin.
    """
    first, last = begin - timedelta(days=1), end + timedelta(days=2)
    return f"""
        {ENTRIES} WHERE e.user_id = $1 AND e.local_date BETWEEN '{begin}' AND '{end}'
        AND e.started_at >= '{first}T00:00Z' AND e.started_at < '{last}T00:00Z' AND {condition}
        {NEWEST}
    """


CREATED = """
    INSERT INTO events (occurred_at, type, entity_type, entity_id, actor_id, changes)
    SELECT now(), 'time_entry.created', 'time_entry', e.id, $2, (
        SELECT jsonb_object_agg(key, jsonb_build_object('old', NULL, 'new', value))
        FROM jsonb_each(to_jsonb(e) - '{id,version,created_at,updated_at,search_key}'::text[])
        WHERE value <> 'null'
    ) FROM e
"""

SPAN = """
    SELECT (item ->> 'started_at')::timestamptz AS started_at, (item ->> 'started_at')::timestamptz
        + make_interval(secs => (item ->> 'duration_seconds')::int) AS ended_at
"""
NOW = "SELECT date_trunc('second', now()) AS started_at, NULL::timestamptz AS ended_at"
ITEM = "(SELECT 1 AS n, $1::jsonb AS item)"
ITEMS = """
    (SELECT n, operation -> 'data' AS item
     FROM jsonb_array_elements($1::jsonb -> 'operations') WITH ORDINALITY AS each (operation, n))
"""
REMEMBERED = """, remembered AS (
    INSERT INTO idempotent_answers (user_id, key, request, created_at, status, headers)
    VALUES ($2, $4, $5, now(), 201, '{}')
)"""


def _record(given: str, span: str, also: str = "") -> str:
    """Write the statement that records what ``$1`` holds as time of the user ``$2``."""
    return f"""
        WITH place AS MATERIALIZED (
            SELECT n, item, p.client_id, p.id AS project_id, p.billable,
                coalesce(p.hourly_rate, c.hourly_rate, u.hourly_rate, o.hourly_rate) AS amount,
                coalesce(c.currency, o.currency) AS currency,
                CASE WHEN p.hourly_rate IS NOT NULL THEN 'project'
                    WHEN c.hourly_rate IS NOT NULL THEN 'client'
                    WHEN u.hourly_rate IS NOT NULL THEN 'user' ELSE 'organization' END AS source,
                coalesce(u.time_zone, o.time_zone) AS zone
            FROM {given} AS given
            JOIN projects p ON p.id = (item ->> 'project_id')::bigint
            JOIN clients c ON c.id = p.client_id
            JOIN users u ON u.id = $2
            CROSS JOIN organization o
        ), e AS (
            INSERT INTO time_entries (
                user_id, client_id, project_id, task_id, started_at, ended_at, duration_seconds,
                time_zone, local_date, notes, search_key, tags, billable, rate_amount,
                rate_currency, rate_source, source, complete, custom_fields, version, created_at,
                updated_at
            )
            SELECT $2, client_id, project_id, (item ->> 'task_id')::bigint, started_at, ended_at,
                extract(epoch FROM ended_at - started_at)::int, zone,
                (started_at AT TIME ZONE zone)::date, item ->> 'notes', lower(item ->> 'notes'),
                item -> 'tags', billable, amount, currency, place.source, $3, true,
                item -> 'custom_fields', 1, now(), now()
            FROM place CROSS JOIN LATERAL ({span}) AS span ORDER BY n
            RETURNING *
        ), told AS ({CREATED}){also}
        SELECT {ENTRY} FROM e {NAMES} ORDER BY e.id
    """


CREATE = _record(ITEM, SPAN, REMEMBERED)
CREATE_MANY = _record(ITEMS, SPAN)
START = _record(ITEM, NOW)
STOP = f"""
    WITH e AS (
        UPDATE time_entries SET ended_at = at, version = version + 1, updated_at = now(),
            duration_seconds = extract(epoch FROM at - started_at)::int
        FROM (SELECT date_trunc('second', now()) AS at) AS clock
        WHERE user_id = $1 AND ended_at IS NULL
        RETURNING time_entries.*
    ), told AS (
        INSERT INTO events (occurred_at, type, entity_type, entity_id, actor_id, changes)
        SELECT now(), 'time_entry.updated', 'time_entry', id, $1, jsonb_build_object(
            'ended_at', jsonb_build_object('old', NULL, 'new', ended_at),
            'duration_seconds', jsonb_build_object('old', NULL, 'new', duration_seconds)
        ) FROM e
    )
    SELECT {ENTRY} FROM e {NAMES}
"""

"""The rules about clients."""

from sqlalchemy import BigInteger, column, func, select, table

from timetracker_api.clients.models import Client
from timetracker_api.db.types import UTCDateTime
from timetracker_api.entities import Representation

# Projects belong to a slice above this one, which imports it: here their table goes by name.
_table = table("projects", column("client_id", BigInteger), column("archived_at", UTCDateTime))
_projects = (
    select(func.count())
    .select_from(_table)
    .where(_table.c.client_id == Client.id, _table.c.archived_at.is_(None))
    .correlate(Client)
    .scalar_subquery()
)

CLIENTS = Representation(
    Client,
    select(
        Client.id,
        Client.name,
        Client.description,
        Client.contact_person,
        Client.email,
        Client.phone,
        Client.address,
        Client.currency,
        Client.hourly_rate,
        Client.custom_fields,
        _projects.label("project_count"),
        Client.archived_at,
        Client.version,
        Client.created_at,
        Client.updated_at,
    ),
)

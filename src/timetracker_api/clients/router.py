"""Clients."""

from typing import Annotated

from fastapi import Depends, status

from timetracker_api import entities
from timetracker_api.clients.models import Client
from timetracker_api.clients.schemas import ClientCreate, ClientListing, ClientRead, ClientUpdate
from timetracker_api.clients.service import CLIENTS
from timetracker_api.custom_fields.showing import include
from timetracker_api.db.session import Reading, Writing
from timetracker_api.entities import Values
from timetracker_api.web.pagination import Page
from timetracker_api.web.routing import Id, ResourceRouter, for_writing

router = ResourceRouter("clients")

ClientToChange = Annotated[Client, for_writing(Client)]


@router.get("", response_model=Page[ClientRead])
async def list_clients(
    session: Reading, listing: Annotated[ClientListing, Depends(ClientListing.from_query)]
) -> Values:
    """Clients, by name unless asked otherwise.

    `custom.<key>=value` keeps those whose custom field has this value. `custom.<key>.<operator>`
    asks otherwise, with `ne`, `in`, `gt`, `gte`, `lt`, `lte`, `contains`, `starts_with` or
    `is_set`, as far as the kind of the field has them. Several must all hold.
    `sort=custom.<key>` sorts by a field.
    """
    return await listing.page(session, CLIENTS)


@router.post("", response_model=ClientRead, status_code=status.HTTP_201_CREATED)
async def create_client(session: Writing, data: ClientCreate) -> Values:
    """Add a client."""
    return await CLIENTS.after(session, entities.create(session, Client, data.whole()))


@router.get("/{id}", response_model=ClientRead, dependencies=[Depends(include)])
async def get_client(session: Reading, id: Id) -> Values:
    """One client."""
    return await CLIENTS.one(session, id)


@router.patch("/{id}", response_model=ClientRead)
async def update_client(session: Writing, client: ClientToChange, data: ClientUpdate) -> Values:
    """Change some of a client's fields, and some of its custom fields."""
    return await CLIENTS.after(session, entities.update(session, client, data.given()))


@router.post("/{id}/archive", response_model=ClientRead)
async def archive_client(session: Writing, client: ClientToChange) -> Values:
    """Put a client away. Its history stays; it takes no new work."""
    return await CLIENTS.after(session, entities.archive(session, client))


@router.post("/{id}/unarchive", response_model=ClientRead)
async def unarchive_client(session: Writing, client: ClientToChange) -> Values:
    """Bring a client back."""
    return await CLIENTS.after(session, entities.unarchive(session, client))


@router.delete("/{id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_client(session: Writing, client: ClientToChange) -> None:
    """Delete a client nothing refers to."""
    await entities.delete(session, client)

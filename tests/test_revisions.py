"""What becomes of rows that are there when a revision changes them."""

from typing import Any

import pytest
from sqlalchemy import insert, text

from copies import ENTRY, MOMENT, STAMPS, Place, done, execute
from timetracker_api.models import metadata

CLIENT: dict[str, Any] = STAMPS | {"id": 3, "name": "A", "name_key": "a", "search_key": ""}
ENDED = {"ended_at": MOMENT, "duration_seconds": 0}


def at(place: Place, revision: str) -> str:
    """Make a database that is at a revision."""
    url = place.empty()
    done("upgrade", revision, "--database-url", url)
    return url


def add(url: str, table: str, *rows: dict[str, Any]) -> None:
    execute(url, *(insert(metadata.tables[table]).values(row) for row in rows))


def deleted(entity_type: str, number: int) -> dict[str, Any]:
    """Return the event that tells of it."""
    about = {"type": f"{entity_type}.deleted", "entity_type": entity_type, "entity_id": number}
    return about | {"occurred_at": MOMENT, "changes": {}}


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_numbers_that_were_used_before_0005_are_not_used_again(place: Place):
    url = at(place, "0004_data_migrations")
    add(url, "clients", CLIENT)
    add(url, "events", deleted("client", 7), deleted("project", 9))
    done("upgrade", "0005", "--database-url", url)
    numbers = execute(url, text("SELECT name, seq FROM sqlite_sequence"))
    assert {("clients", 7), ("projects", 9), ("events", 2), ("tasks", 0)} <= set(numbers)
    done("downgrade", "0004", "--yes", "--database-url", url)
    assert execute(url, text("SELECT id, name FROM clients")) == [(3, "A")]


def test_notes_that_were_cut_off_before_0007_can_be_searched_to_their_end(place: Place):
    url = at(place, "0006_text_in_code_point_order")
    notes = {1: "Straße " * 400, 2: "Straße", 3: "x" * 2000, 4: None}
    user = STAMPS | {"id": 1, "username": "a", "username_key": "a", "role": "admin", "name": ""}
    add(url, "users", user)
    add(url, "clients", CLIENT | {"id": 7})
    for number, written in notes.items():
        folded = " ".join((written or "").casefold().split())
        row = ENTRY | ENDED | {"id": number, "notes": written, "search_key": folded[:2000]}
        add(url, "time_entries", row)
    done("upgrade", "0007", "--database-url", url)
    found = execute(url, text("SELECT id, search_key FROM time_entries ORDER BY id"))
    assert dict(found) == {1: " ".join(["strasse"] * 400), 2: "strasse", 3: "x" * 2000, 4: ""}

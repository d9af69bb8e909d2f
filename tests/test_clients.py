import pytest
from httpx import AsyncClient
from sqlalchemy import select

from given import Given, faults
from timetracker_api.db.session import Database
from timetracker_api.events.models import Event


async def test_a_client_can_be_created_and_found_again(api: AsyncClient):
    created = await api.post("/clients", json={"name": "Acme", "hourly_rate": "95.5"})
    assert created.status_code == 201, created.text
    assert created.json()["hourly_rate"] == "95.50"

    found = await api.get(created.headers["location"].removeprefix("/api/v1"))
    assert found.json() == created.json()
    assert found.headers["etag"] == created.headers["etag"]


async def test_names_are_unique_whatever_the_case_and_spacing(api: AsyncClient, given: Given):
    await given.a_client("Ärger  & Söhne")
    again = await api.post("/clients", json={"name": " ÄRGER & söhne "})
    assert again.status_code == 409
    assert faults(again) == {("/name", "not_unique")}


async def test_leaving_a_field_out_is_not_setting_it_to_null(api: AsyncClient, given: Given):
    client = await given.a_client(email="a@example.com")
    patched = await api.patch(f"/clients/{client['id']}", json={"email": None})
    assert (patched.json()["email"], patched.json()["name"]) == (None, "Acme")

    refused = await api.patch(f"/clients/{client['id']}", json={"name": None})
    assert refused.status_code == 422
    assert faults(refused) == {("/name", "type")}


async def test_every_change_is_recorded_with_who_made_it(
    api: AsyncClient, given: Given, database: Database
):
    client = await given.a_client(custom_fields={})
    await api.patch(f"/clients/{client['id']}", json={"name": "Acme Inc."})
    await api.post(f"/clients/{client['id']}/archive", headers={"X-Request-ID": "r-1"})
    await api.delete(f"/clients/{client['id']}")
    me = (await api.get("/users/me")).json()["id"]
    async with database.write() as session:
        events = (
            await session.scalars(
                select(Event).where(Event.entity_type == "client").order_by(Event.id)
            )
        ).all()
    assert [(e.type, e.actor_id) for e in events] == [
        ("client.created", me),
        ("client.updated", me),
        ("client.updated", me),
        ("client.deleted", me),
    ]
    assert events[1].changes == {"name": {"old": "Acme", "new": "Acme Inc."}}
    assert events[2].request_id == "r-1"


async def test_the_number_of_what_was_deleted_is_not_given_again(api: AsyncClient, given: Given):
    client = await given.a_client()
    await api.delete(f"/clients/{client['id']}")
    assert (await given.a_client())["id"] > client["id"]


async def test_archived_clients_are_listed_apart(api: AsyncClient, given: Given):
    client = await given.a_client("Old")
    await given.a_client("New")
    archived = await api.post(f"/clients/{client['id']}/archive")
    assert archived.json()["archived_at"]

    listed = (await api.get("/clients")).json()
    assert [each["name"] for each in listed["items"]] == ["New"]
    listed = (await api.get("/clients?archived=true")).json()
    assert [each["name"] for each in listed["items"]] == ["Old"]

    back = await api.post(f"/clients/{client['id']}/unarchive")
    assert back.json()["archived_at"] is None


@pytest.mark.parametrize("search", ["söhne", "SÖHNE", "ärger & s", "%", "wile e"])
async def test_search_looks_into_names_and_contacts_literally(
    api: AsyncClient, given: Given, search: str
):
    await given.a_client("Ärger & Söhne", contact_person="Wile E. Coyote", phone="50% of it")
    await given.a_client("Other")
    found = (await api.get("/clients", params={"search": search})).json()
    assert [each["name"] for each in found["items"]] == ["Ärger & Söhne"]


async def test_pages_say_how_many_there_are_and_where_the_next_one_is(
    api: AsyncClient, given: Given
):
    for name in "cab":
        await given.a_client(name)
    first = await api.get("/clients?limit=2")
    assert [each["name"] for each in first.json()["items"]] == ["a", "b"]
    assert first.json()["total"] == 3
    following, relation = first.headers["link"].split("; ")
    assert relation == 'rel="next"'
    second = await api.get(following.strip("<>").removeprefix("/api/v1"))
    assert [each["name"] for each in second.json()["items"]] == ["c"]
    assert "link" not in second.headers

    backwards = (await api.get("/clients?sort=-name")).json()
    assert [each["name"] for each in backwards["items"]] == ["c", "b", "a"]


@pytest.mark.parametrize(
    "amount",
    [
        "1_000",
        "\uff15",
        "\u0665",
        " 5 ",
        "5\n",
        "+5",
        "1e2",
        "-0",
        ".5",
        "5.",
        "1.50000",
        "NaN",
        "0x5",
        "",
    ],
)
async def test_money_is_written_as_the_document_says(api: AsyncClient, amount: str):
    refused = await api.post("/clients", json={"name": "Acme", "hourly_rate": amount})
    assert refused.status_code == 422, refused.text
    assert faults(refused) == {("/hourly_rate", "type")}


@pytest.mark.parametrize(
    ("amount", "read"),
    [
        ("007", "7.00"),
        ("9999999999.9999", "9999999999.9999"),
        (5, "5.00"),
        (5.25, "5.25"),
        (0, "0.00"),
    ],
)
async def test_money_is_read_from_text_and_numbers(api: AsyncClient, amount: object, read: str):
    created = await api.post("/clients", json={"name": "Acme", "hourly_rate": amount})
    assert created.json()["hourly_rate"] == read


@pytest.mark.parametrize(
    "email",
    ['"Ada" <a@example.com>', "Ada <a@example.com>", "<a@example.com>", "a@", "a b@c.de", ""],
)
async def test_an_email_address_is_nothing_but_that(api: AsyncClient, email: str):
    refused = await api.post("/clients", json={"name": "Acme", "email": email})
    assert faults(refused) == {("/email", "type")}
    (fault,) = refused.json()["errors"]
    assert fault["message"] == "Must be an email address, such as ada@example.com."


async def test_an_email_address_is_kept_in_its_usual_form(api: AsyncClient):
    created = await api.post("/clients", json={"name": "Acme", "email": " Ada@EXAMPLE.com "})
    assert created.json()["email"] == "Ada@example.com"

from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext

from apps import another_app
from callers import Callers
from given import Given
from timetracker_api.db.session import Database
from timetracker_api.problems import Problem, every
from timetracker_api.settings import Settings

ROOT = "http://test"


def problem(response: Response, status: int) -> dict[str, Any]:
    """Return the problem that a response is, in the face they all have."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body = response.json()
    assert body.keys() >= {"type", "title", "status", "code", "detail", "request_id", "errors"}
    assert body["status"] == status
    assert body["request_id"] == response.headers["x-request-id"]
    assert body["type"] == f"/problems/{body['code'].replace('_', '-')}"
    assert body["title"]
    assert body["detail"]
    return body


async def test_a_body_that_is_not_json_is_400_and_says_where(api: AsyncClient):
    json = {"Content-Type": "application/json"}
    response = await api.post("/clients", content=b'{"name":\n x}', headers=json)
    assert "line 2, column 2" in problem(response, 400)["detail"]
    response = await api.post("/clients", content=b'{"name": 1, "name": 2}', headers=json)
    assert '"name" occurs twice' in problem(response, 400)["detail"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer nonsense"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer tt_" + "0" * 49},
        {"Authorization": "Bearer tt_\u00e9"},
        {"X-API-Key": "tt_" + "z" * 49},
        {"X-API-Key": ""},
    ],
)
async def test_a_request_without_a_good_token_is_401(callers: Callers, headers: dict[str, str]):
    encoded = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    response = await callers.nobody().get("/clients", headers=encoded)
    assert problem(response, 401)["code"] == "unauthenticated"
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_good_token_that_may_not_is_403_and_says_what_it_lacks(callers: Callers):
    viewer = await callers.a("viewer")
    refused = problem(await viewer.post("/clients", json={"name": "Acme"}), 403)
    assert refused["scopes"] == ["clients:write"]


@pytest.mark.parametrize(
    "address", ["/nothing", "/clients/", "/clients/7/nothing", "/clients/x", f"{ROOT}/api/v2"]
)
async def test_an_unknown_address_is_404(api: AsyncClient, address: str):
    assert problem(await api.get(address), 404)["code"] == "not_found"


async def test_a_record_that_is_not_there_is_404_and_says_so(api: AsyncClient):
    assert problem(await api.get("/clients/7"), 404)["detail"] == "There is no client 7."


@pytest.mark.parametrize(
    "id", ["0", "01", "-1", "+1", "1.0", "abc", "1%0A", "%0A1", "%D9%A1", "9" * 19, "9" * 20]
)
async def test_what_cannot_be_an_id_is_404_however_it_is_written(
    api: AsyncClient, given: Given, id: str
):
    await given.a_client()
    assert problem(await api.get(f"/clients/{id}"), 404)["code"] == "not_found"
    assert problem(await api.patch(f"/clients/{id}", json={"name": "B"}), 404)
    assert problem(await api.post(f"/clients/{id}/archive"), 404)


async def test_a_line_break_is_part_of_an_address(api: AsyncClient):
    assert problem(await api.get("/clients%0A"), 404)


@pytest.mark.parametrize(
    ("method", "address", "allowed"),
    [
        ("PUT", "/clients", "GET, HEAD, POST"),
        ("DELETE", "/clients", "GET, HEAD, POST"),
        ("POST", "/clients/7", "DELETE, GET, HEAD, PATCH"),
        ("DELETE", "/users/me", "GET, HEAD, PATCH"),
        ("OPTIONS", "/sessions/current", "DELETE, GET, HEAD"),
        ("TRACE", "/sessions", "POST"),
        ("HEAD", "/sessions", "POST"),
        ("POST", f"{ROOT}/health/live", "GET, HEAD"),
        ("POST", f"{ROOT}/openapi.json", "GET, HEAD"),
        ("PUT", f"{ROOT}/docs", "GET, HEAD"),
        ("POST", f"{ROOT}/docs/assets/favicon.png", "GET, HEAD"),
    ],
)
async def test_another_method_is_405_and_names_those_there_are(
    api: AsyncClient, method: str, address: str, allowed: str
):
    response = await api.request(method, address)
    assert response.headers["allow"] == allowed
    if method == "HEAD":
        assert response.status_code == 405
        return
    refused = problem(response, 405)
    assert refused["code"] == "method_not_allowed"
    assert refused["detail"] == f"This address has {allowed}."


@pytest.mark.parametrize("address", ["/clients/", "/clients/7/", f"{ROOT}/health/live/"])
async def test_a_slash_too_many_is_404_and_named(api: AsyncClient, address: str):
    assert "slash at its end" in problem(await api.get(address), 404)["detail"]
    nothing = problem(await api.get("/nothing/"), 404)
    assert nothing["detail"] == "There is nothing at this address."


async def test_a_name_that_is_taken_is_409_and_points_at_it(api: AsyncClient, given: Given):
    await given.a_client("Acme")
    taken = problem(await api.post("/clients", json={"name": "ACME"}), 409)
    assert taken["code"] == "not_unique"
    assert [fault["pointer"] for fault in taken["errors"]] == ["/name"]


async def test_what_the_database_says_is_understood_in_every_language(
    api: AsyncClient, given: Given, database: Database
):
    engine = database.engines.writing.sync_engine

    def translate(context: ExceptionContext) -> None:
        if engine.dialect.name == "postgresql":  # SQLite knows English only
            context.original_exception.args = ("FEHLER: das darf nicht sein",)

    client = await given.a_client(name="Acme")
    await given.a_project("Website", client_id=client["id"])
    event.listen(engine, "handle_error", translate)
    try:
        taken = problem(await api.post("/clients", json={"name": "ACME"}), 409)
        in_use = problem(await api.delete(f"/clients/{client['id']}"), 409)
    finally:
        event.remove(engine, "handle_error", translate)
    assert [fault["pointer"] for fault in taken["errors"]] == ["/name"]
    assert in_use["code"] == "in_use"


async def test_a_record_that_has_changed_is_412(api: AsyncClient, given: Given):
    client = await given.a_client()
    stale = {"If-Match": '"0-stale"'}
    changed = await api.patch(f"/clients/{client['id']}", json={"name": "B"}, headers=stale)
    assert problem(changed, 412)["code"] == "precondition_failed"
    assert (await api.get(f"/clients/{client['id']}")).json()["name"] == "Acme"


async def test_a_body_over_the_limit_is_413_and_says_what_it_is(settings: Settings):
    async with another_app(settings, max_body_bytes=2000) as (_, callers):
        nobody = callers.nobody()
        for method, address in (("POST", "/sessions"), ("GET", "/nothing"), ("PUT", "/clients")):
            response = await nobody.request(method, address, content=b" " * 2001)
            assert "2000" in problem(response, 413)["detail"]
        json = {"Content-Type": "application/json"}
        fits = await nobody.post("/sessions", content=b"{}".ljust(2000), headers=json)
        assert problem(fits, 422)["code"] == "invalid"


async def test_a_body_that_does_not_say_it_is_json_is_415(api: AsyncClient):
    response = await api.post("/clients", data={"name": "Acme"})
    assert problem(response, 415)["code"] == "unsupported_media_type"


async def test_every_value_that_is_wrong_is_named(api: AsyncClient):
    body = {"email": "x", "currency": "euro", "hourly_rate": "-1", "extra": 1}
    invalid = problem(await api.post("/clients", json=body), 422)
    assert {(fault["pointer"], fault["code"]) for fault in invalid["errors"]} == {
        ("/name", "required"),
        ("/email", "type"),
        ("/currency", "pattern"),
        ("/hourly_rate", "minimum"),
        ("/extra", "unknown_field"),
    }
    assert invalid["detail"] == "5 values are not acceptable."


async def test_a_value_that_fits_no_member_of_a_union_is_one_fault(api: AsyncClient, given: Given):
    client = await given.a_client()
    wrong: dict[str, Any] = {
        "hourly_rate": [],
        "email": {},
        "custom_fields": {"a": [{"b": "\x00"}]},
    }
    response = await api.patch(f"/clients/{client['id']}", json=wrong)
    pointers = [fault["pointer"] for fault in problem(response, 422)["errors"]]
    assert sorted(pointers) == ["/email", "/hourly_rate"]


async def test_a_pointer_leads_through_lists_and_unions(api: AsyncClient):
    create: dict[str, Any] = {"op": "create", "data": {"notes": 3, "tags": ["a", None], "x~/": 1}}
    operations = [create, {"op": "delete", "id": "x"}, {"op": "nothing"}, {}]
    response = await api.post("/time-entries/bulk", json={"operations": operations})
    assert {(each["pointer"], each["code"]) for each in problem(response, 422)["errors"]} == {
        ("/operations/0/data/notes", "type"),
        ("/operations/0/data/tags/1", "type"),
        ("/operations/0/data/started_at", "required"),
        ("/operations/0/data/x~0~1", "unknown_field"),
        ("/operations/1/id", "type"),
        ("/operations/2/op", "not_a_choice"),
        ("/operations/3/op", "required"),
    }


NAMED: list[tuple[str, str, Any, str, str]] = [
    ("/clients", "a name that is missing", {}, "/name", "Name is required."),
    ("/clients", "an empty name", {"name": " "}, "/name", "Must have at least 1 character."),
    ("/clients", "a long name", {"name": "x" * 201}, "/name", "Must have at most 200 characters."),
    (
        "/clients",
        "a currency in small letters",
        {"name": "A", "currency": "eur"},
        "/currency",
        "Must be the three capital letters of a currency, such as EUR.",
    ),
    (
        "/clients",
        "a member that is nearly one",
        {"name": "A", "contact_persons": "B"},
        "/contact_persons",
        "There is no 'contact_persons' here. Did you mean contact_person?",
    ),
    ("/clients", "a member that is none", {"name": "A", "é": 1}, "/é", "There is no '\\xe9' here."),
    ("/clients", "a list", [], "", "Must be an object."),
    ("/clients", "null", None, "", "A body is required, which is a JSON object."),
    ("/time-entries/bulk", "no kind", {"operations": [{}]}, "/operations/0/op", "Op is required."),
    (
        "/time-entries/bulk",
        "an unknown kind",
        {"operations": [{"op": "nope"}]},
        "/operations/0/op",
        "Must be one of 'create', 'update', 'delete'.",
    ),
    (
        "/time-entries/bulk",
        "a member far inside",
        {"operations": [{"op": "create", "data": {"started_at": "2026-11-22T09:30Z", "note": ""}}]},
        "/operations/0/data/note",
        "There is no 'note' here. Did you mean notes?",
    ),
    (
        "/time-entries/bulk",
        "an empty list",
        {"operations": []},
        "/operations",
        "Must have at least 1 value.",
    ),
    (
        "/clients",
        "too much money",
        {"name": "A", "hourly_rate": 1e10},
        "/hourly_rate",
        "Must be at most 9999999999.9999.",
    ),
    (
        "/clients",
        "a fraction",
        {"name": "A", "hourly_rate": "0.00001"},
        "/hourly_rate",
        "Must have at most 4 decimals.",
    ),
]


@pytest.mark.parametrize(
    ("address", "body", "pointer", "message"),
    [pytest.param(*(row[:1] + row[2:]), id=row[1]) for row in NAMED],
)
async def test_a_message_says_what_is_expected(
    api: AsyncClient, address: str, body: Any, pointer: str, message: str
):
    response = await api.post(address, json=body)
    messages = {each["pointer"]: each["message"] for each in problem(response, 422)["errors"]}
    assert messages == {pointer: message}


async def test_a_body_that_is_empty_is_required(api: AsyncClient):
    response = await api.post("/clients", headers={"Content-Type": "application/json"})
    (fault,) = problem(response, 422)["errors"]
    assert (fault["pointer"], fault["code"]) == ("", "required")
    assert fault["message"] == "A body is required, which is a JSON object."


async def test_a_parameter_says_what_is_expected(api: AsyncClient):
    (fault,) = problem(await api.get("/time-entries?user_id=me"), 422)["errors"]
    assert fault["message"] == "Must be the id of a record, or up to 100 with commas between them."
    (fault,) = problem(await api.get("/clients?sort=age"), 422)["errors"]
    assert fault["message"].endswith(", or 'custom.<key>' or '-custom.<key>'.")


@pytest.mark.parametrize(
    ("address", "source", "pointer", "code"),
    [
        ("/clients?limit=0", "query", "/limit", "minimum"),
        ("/clients?limit=x", "query", "/limit", "type"),
        ("/clients?sort=age", "query", "/sort", "not_a_choice"),
        ("/clients?archived=maybe", "query", "/archived", "not_a_choice"),
        ("/clients?sort~/=1", "query", "/sort~0~1", "unknown_parameter"),
        ("/custom-fields/schema/x", "path", "/entity_type", "not_a_choice"),
        ("/clients/1?includ=inactive", "query", "/includ", "unknown_parameter"),
    ],
)
async def test_a_parameter_that_is_wrong_is_pointed_at_in_its_place(
    api: AsyncClient, address: str, source: str, pointer: str, code: str
):
    (fault,) = problem(await api.get(address), 422)["errors"]
    assert (fault["source"], fault["pointer"], fault["code"]) == (source, pointer, code)


async def test_a_header_that_is_wrong_is_pointed_at_in_its_place(api: AsyncClient):
    headers = {"Idempotency-Key": "k" * 256}
    response = await api.post("/clients", json={"name": "Acme"}, headers=headers)
    (fault,) = problem(response, 422)["errors"]
    assert (fault["source"], fault["pointer"]) == ("header", "/idempotency-key")


async def test_too_many_requests_are_429_and_say_when_to_come_back(
    settings: Settings, database: Database
):
    assert database
    async with another_app(settings, requests_per_minute=3) as (_, callers):
        api, other = await callers.a("viewer"), await callers.a("viewer", username="other")
        answers = [await api.get("/users/me") for _ in range(4)]
        assert [each.status_code for each in answers] == [200, 200, 200, 429]
        refused = answers[-1]
        assert problem(refused, 429)["code"] == "too_many_requests"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert refused.headers["ratelimit"].startswith('"token";r=0;t=')
        assert (await other.get("/users/me")).status_code == 200


async def test_too_many_wrong_passwords_are_429(settings: Settings, database: Database):
    assert database
    async with another_app(settings, login_attempts_per_minute=2) as (_, callers):
        wrong = {"username": "ada", "password": "wrong"}
        nobody = callers.nobody()
        answers = [await nobody.post("/sessions", json=wrong) for _ in range(3)]
        assert [each.status_code for each in answers] == [401, 401, 429]
        assert problem(answers[-1], 429)
        assert answers[-1].headers["ratelimit"].startswith('"account";r=0;t=')


@pytest.mark.parametrize("kind", list(every()), ids=lambda kind: kind.__name__)
async def test_the_type_of_every_problem_is_the_address_of_a_page(
    callers: Callers, kind: type[Problem]
):
    page = await callers.nobody().get(f"{ROOT}/problems/{kind.slug()}")
    assert page.status_code == 200
    assert f"{int(kind.status)} {kind.title}" in page.text
    assert len(page.text.splitlines()[-1]) > 20

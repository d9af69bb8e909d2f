"""``GET /limits`` tells what is enforced: so much is accepted, and one more is not."""

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from httpx import AsyncClient, Response

from apps import another_app
from callers import Callers
from elsewhere import another_process
from given import Given, try_client
from people import PASSWORD, try_to_sign_in
from timetracker_api import clock
from timetracker_api.settings import Limits, Settings

Send = Callable[[Given, int], Awaitable[Response]]

START = "https://erp.example.com/"
DAY = {"started_at": "1950-01-01T00:00:00Z"}
JSON = {"Content-Type": "application/json"}


@dataclass
class Case:
    """How to have so much of something, and what is said to too much."""

    send: Send
    refused: str = "max_length"
    """The code where there is one too much."""
    otherwise: str | None = None
    """The code where there is not, if that is refused as well, for another reason."""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Where so much would take long: other settings."""
    beyond: int = 1


def post(path: str, name: str, of: Callable[[int], Any], /, **others: Any) -> Send:
    """Send a body with so much in one member. What must be unique is so by its length."""

    async def send(given: Given, many: int) -> Response:
        return await given.api.post(path, json={**others, name: of(many)})

    return send


def get(path: str, name: str, of: Callable[[int], Any] = int) -> Send:
    async def send(given: Given, many: int) -> Response:
        return await given.api.get(path, params={name: of(many)})

    return send


def dimensions(many: int) -> str:
    return ",".join(["client", "project", "task", "user", "month"][:many])


def valued(kind: str, of: Callable[[int], Any], /, **definition: Any) -> Send:
    """Give a client a value of a field of this kind."""

    async def send(given: Given, many: int) -> Response:
        body = {"kind": kind, "key": "f", "label": "F", **definition}
        await given.api.post("/custom-field-definitions", json=body)  # the second time it is there
        return await try_client(given.api, f"Client {many}", f=of(many))

    return send


def defined(name: str, of: Callable[[int], Any], /, **definition: Any) -> Send:
    """Define a field with so much of something."""

    async def send(given: Given, many: int) -> Response:
        body = {"key": f"f{many}", "label": "F", "kind": "text", **definition, name: of(many)}
        return await given.api.post("/custom-field-definitions", json=body)

    return send


def entry(name: str, of: Callable[[int], Any], /, **fields: Any) -> Send:
    """Record an entry with so much of something."""

    async def send(given: Given, many: int) -> Response:
        place = {"client_id": (await given.a_client(f"Client {many}"))["id"]}
        body = {**DAY, "duration_seconds": 60, **place, **fields, name: of(many)}
        return await given.api.post("/time-entries", json=body)

    return send


async def a_body(given: Given, many: int) -> Response:
    content = json.dumps({"name": f"Client {many}"}).ljust(many)
    return await given.api.post("/clients", content=content, headers=JSON)


async def levels(given: Given, many: int) -> Response:
    content = '{"a":' * many + "1" + "}" * many
    return await given.api.post("/clients", content=content, headers=JSON)


async def an_idempotency_key(given: Given, many: int) -> Response:
    return await given.api.post(
        "/clients", json={"name": f"Client {many}"}, headers={"Idempotency-Key": "k" * many}
    )


async def etags(given: Given, many: int) -> Response:
    client = await given.a_client(f"Client {many}")
    headers = {"If-Match": '"1"'.rjust(many, ",")}
    return await given.api.patch(f"/clients/{client['id']}", json={}, headers=headers)


async def a_project_code(given: Given, many: int) -> Response:
    owner = await given.a_client(f"Client {many}")
    body = {"client_id": owner["id"], "name": "P", "code": letters(many)}
    return await given.api.post("/projects", json=body)


async def a_password(given: Given, many: int) -> Response:
    secret = "Vt7-qpX2mZ!"[:many] + "".join(chr(97 + n * 7 % 26) for n in range(many - 11))
    return await given.api.post("/users", json={"username": f"u{many}", "password": secret})


async def definitions(given: Given, many: int) -> Response:
    answer = await given.api.get("/custom-field-definitions")
    for number in range(answer.json()["total"], many):
        body = {"key": f"f{number}", "label": "F", "kind": "text", "applies_to": ["client"]}
        answer = await given.api.post("/custom-field-definitions", json=body)
    return answer


async def templates(given: Given, many: int) -> Response:
    await given.api.post(
        "/custom-field-definitions", json={"key": "f", "label": "F", "kind": "text"}
    )
    answer = await given.api.get("/link-templates")
    for number in range(answer.json()["total"], many):
        body = {"name": f"T{number}", "field_key": "f", "url_template": START + "{value}"}
        answer = await given.api.post("/link-templates", json=body)
    return answer


async def a_template(given: Given, many: int) -> Response:
    body = {"name": "T", "field_key": "client.name", "url_template": START.ljust(many - 7, "a")}
    body["url_template"] += "{value}"
    return await given.api.post("/link-templates", json=body)


async def filters(given: Given, many: int) -> Response:
    operators = ("", ".ne", ".gt", ".gte", ".lt", ".lte", ".is_set")
    total = (await given.api.get("/custom-field-definitions")).json()["total"]
    for number in range(total, many // len(operators) + 1):
        await given.a_field(f"f{number}", "integer")
    names = [
        f"custom.f{number}{each}"
        for number in range(many // len(operators) + 1)
        for each in operators
    ]
    asked = {name: "true" if name.endswith("is_set") else "1" for name in names[:many]}
    return await given.api.get("/clients", params=asked)


async def values_per_filter(given: Given, many: int) -> Response:
    await given.api.post(
        "/custom-field-definitions", json={"key": "f", "label": "F", "kind": "integer"}
    )
    return await given.api.get("/clients", params={"custom.f.in": numbers(many)})


def letters(many: int) -> str:
    return "x" * many


def words(many: int) -> list[str]:
    return [f"w{number}" for number in range(many)]


def numbers(many: int) -> str:
    return ",".join(str(number + 1) for number in range(many))


def choices(many: int) -> list[dict[str, str]]:
    return [{"value": word, "label": word} for word in words(many)]


def an_address(many: int) -> str:
    """Return one of parts that are not too long themselves: up to 64 and 63 characters."""
    start, end = f"{'a' * 64}@", f".{'b' * 63}.{'b' * 63}.com"
    return start + "c" * (many - len(start) - len(end)) + end


def operations(many: int) -> list[dict[str, Any]]:
    return [{"op": "delete", "id": 999_999}] * many


a_client = partial(post, "/clients")
SMALL = {"limits": Limits(definitions=3, choices=3, templates=2, values_bytes=300)}

CASES: Mapping[str, Case] = {
    "requests.body_bytes": Case(a_body, "body_too_large", settings={"max_body_bytes": 2000}),
    "requests.body_levels": Case(levels, "malformed_body", "unknown_field"),
    "requests.idempotency_key_characters": Case(an_idempotency_key),
    "requests.etags_characters": Case(etags, otherwise="precondition_failed"),
    "logins.username_characters": Case(post("/users", "username", letters)),
    "logins.password_characters": Case(a_password),
    "logins.password_characters_at_least": Case(a_password, "min_length", beyond=-1),
    "lists.page_items": Case(get("/clients", "limit"), "maximum"),
    "lists.offset": Case(get("/clients", "offset"), "maximum"),
    "lists.cursor_characters": Case(get("/time-entries", "cursor", letters), otherwise="cursor"),
    "lists.ids": Case(get("/time-entries", "client_id", numbers), "pattern"),
    "lists.search_characters": Case(get("/clients", "search", letters)),
    "reports.groups": Case(get("/reports/time", "limit"), "maximum"),
    "reports.dimensions": Case(get("/reports/time", "group_by", dimensions)),
    "records.name_characters": Case(a_client("name", letters)),
    "records.description_characters": Case(a_client("description", letters, name="A")),
    "records.email_characters": Case(a_client("email", an_address, name="A")),
    "records.phone_characters": Case(a_client("phone", letters, name="A")),
    "records.address_characters": Case(a_client("address", letters, name="A")),
    "records.project_code_characters": Case(a_project_code),
    "time_entries.notes_characters": Case(entry("notes", letters)),
    "time_entries.tags": Case(entry("tags", words)),
    "time_entries.tag_characters": Case(entry("tags", lambda many: [letters(many)])),
    "time_entries.merged_tags": Case(
        post("/tags/merge", "names", words, into="one"), otherwise="not_found"
    ),
    "time_entries.duration_seconds": Case(entry("duration_seconds", int), "maximum"),
    "time_entries.bulk_operations": Case(
        post("/time-entries/bulk", "operations", operations, mode="partial")
    ),
    "custom_fields.definitions": Case(definitions, "too_many_definitions", settings=SMALL),
    "custom_fields.choices": Case(
        defined("choices", choices, kind="choice"), "too_large", settings=SMALL
    ),
    "custom_fields.values_bytes": Case(
        valued("long_text", lambda many: letters(many - len('{"f":""}'))),
        "too_large",
        settings=SMALL,
    ),
    "custom_fields.values": Case(
        a_client("custom_fields", lambda many: dict.fromkeys(words(many), 1), name="A"),
        otherwise="undefined_field",
    ),
    "custom_fields.key_characters": Case(defined("key", letters)),
    "custom_fields.choice_characters": Case(
        defined("choices", lambda many: [{"value": letters(many), "label": "C"}], kind="choice")
    ),
    "custom_fields.text_characters": Case(defined("max_length", int), "maximum"),
    "custom_fields.text_characters_usually": Case(valued("text", letters)),
    "custom_fields.long_text_characters": Case(
        valued("long_text", letters), settings={"limits": Limits(values_bytes=100_000)}
    ),
    "custom_fields.items": Case(valued("multi_choice", words, choices=choices(200))),
    "custom_fields.pattern_characters": Case(defined("pattern", letters)),
    "custom_fields.digits": Case(
        valued("decimal", lambda many: "1" * (many - 2) + ".00", scale=2), "maximum"
    ),
    "custom_fields.decimals": Case(defined("scale", int, kind="decimal"), "maximum"),
    "custom_fields.filters": Case(filters),
    "custom_fields.values_per_filter": Case(values_per_filter),
    "link_templates.templates": Case(templates, "too_many_templates", settings=SMALL),
    "link_templates.template_characters": Case(a_template),
    "link_templates.url_characters": Case(
        get("/link-templates/resolve", "url", lambda many: START.ljust(many, "a"))
    ),
    "link_templates.previewed_records": Case(
        post(
            "/link-templates/preview",
            "ids",
            lambda many: [*range(1, many + 1)],
            field_key="client.name",
            url_template=START + "{value}",
            entity_type="client",
        )
    ),
    "link_templates.previewed_values": Case(
        post(
            "/link-templates/preview",
            "values",
            lambda many: dict.fromkeys(words(many), "x"),
            field_key="client.name",
            url_template=START + "{value}",
        ),
        otherwise="unknown_placeholder",
    ),
}


OTHERWISE = {
    "requests.per_minute": "below",
    "requests.idempotency_seconds": "below",
    "logins.attempts_per_minute_and_account": "below",
    "logins.attempts_per_minute_and_address": "below",
    "logins.unused_hours": "below",
    "lists.page_items_usually": "below",
    "custom_fields.sorted_characters": "below",
    "lists.counted": "tests/test_feeds.py, with a smaller one",
    "time_entries.exports_at_once": "tests/test_export_streaming.py",
    "time_entries.export_pause_seconds": "tests/test_export_streaming.py, with a shorter one",
    "link_templates.resolved_records": "below",
    "invoices.lines": "tests/test_invoice_lines.py, with a smaller one",
    "invoices.billed_entries": "tests/test_invoice_lines.py, with a smaller one",
}
"""What takes more than a request to try, and where it is."""


def leaves(limits: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for group, members in limits.items():
        yield from (f"{group}.{name}" for name in members)


async def told(api: AsyncClient, name: str) -> Any:
    group, _, member = name.partition(".")
    answer = await api.get("http://test/limits", headers={"Authorization": ""})
    return answer.json()[group][member]


def codes(answer: Response) -> set[str]:
    if answer.is_success:
        return set()
    return {answer.json()["code"], *(each["code"] for each in answer.json()["errors"] or ())}


async def test_every_limit_that_is_told_is_tried(callers: Callers):
    answer = await callers.nobody().get("http://test/limits")
    assert answer.status_code == 200
    assert {*leaves(answer.json())} == CASES.keys() | OTHERWISE.keys()


@pytest.mark.usefixtures("quick_hashes")
@pytest.mark.parametrize("name", CASES)
async def test_so_much_is_accepted_and_one_more_is_not(
    settings: Settings, api: AsyncClient, name: str
):
    case = CASES[name]
    async with another_process(settings, api, **case.settings) as service:
        given = Given(service)
        limit = await told(service, name)
        enough = await case.send(given, limit)
        too_much = await case.send(given, limit + case.beyond)
    if case.otherwise is None:
        assert enough.is_success, enough.text
    else:
        assert case.otherwise in codes(enough), enough.text
    assert case.refused not in codes(enough)
    assert case.refused in codes(too_much), too_much.text


@pytest.mark.usefixtures("database")
async def test_so_many_requests_a_minute_are_answered_and_one_more_is_not(settings: Settings):
    async with another_app(settings, requests_per_minute=3) as (_, callers):
        api = await callers.a("admin")
        limit = await told(callers.nobody(), "requests.per_minute")
        answers = [await api.get("/users/me") for _ in range(limit + 1)]
    assert [each.status_code for each in answers] == [200] * limit + [429]


@pytest.mark.usefixtures("database")
async def test_where_requests_have_no_limit_there_is_none_told(settings: Settings):
    async with another_app(settings, requests_per_minute=0) as (_, callers):
        assert await told(callers.nobody(), "requests.per_minute") is None


@pytest.mark.usefixtures("database", "quick_hashes")
async def test_so_many_attempts_to_sign_in_are_looked_at_and_one_more_is_not(settings: Settings):
    async with another_app(settings, login_attempts_per_minute=2) as (_, callers):
        nobody = callers.nobody()
        limit = await told(nobody, "logins.attempts_per_minute_and_account")
        of_one = [await try_to_sign_in(callers, "ada") for _ in range(limit + 1)]
        of_all = await told(nobody, "logins.attempts_per_minute_and_address") - len(of_one)
        others = [await try_to_sign_in(callers, f"u{number}") for number in range(of_all + 1)]
    assert [each.status_code for each in of_one] == [401] * limit + [429]
    assert [each.status_code for each in others] == [401] * of_all + [429]


@pytest.mark.usefixtures("quick_hashes")
async def test_a_login_ends_after_so_many_hours(
    settings: Settings, given: Given, monkeypatch: pytest.MonkeyPatch
):
    await given.a_user("ada", password=PASSWORD)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    async with another_app(settings, session_hours=3) as (_, callers):
        hours = await told(callers.nobody(), "logins.unused_hours")
        ends = (await try_to_sign_in(callers, "ada")).json()["expires_at"]
    assert datetime.fromisoformat(ends) == now + timedelta(hours=hours)


@pytest.mark.parametrize(("later", "status"), [(-1, 201), (1, 409)])
async def test_a_key_means_the_same_request_for_so_many_seconds(
    api: AsyncClient, monkeypatch: pytest.MonkeyPatch, later: int, status: int
):
    seconds = await told(api, "requests.idempotency_seconds")
    key, now = {"Idempotency-Key": "k"}, clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    first = await api.post("/clients", json={"name": "A"}, headers=key)
    then = now + timedelta(seconds=seconds + later)
    monkeypatch.setattr(clock, "now", lambda: then)
    second = await api.post("/clients", json={"name": "A"}, headers=key)
    assert first.is_success
    assert second.status_code == status  # 409, because there is such a client


async def test_a_page_has_usually_so_many_items(api: AsyncClient):
    usually = await told(api, "lists.page_items_usually")
    assert (await api.get("/clients")).json()["limit"] == usually


async def test_texts_are_sorted_by_so_many_characters(api: AsyncClient, given: Given):
    limit = await told(api, "custom_fields.sorted_characters")
    await given.a_field("f", max_length=limit + 1)
    for name, value in (("late", "b"), ("also late", "a")):
        await given.a_client(name, custom_fields={"f": letters(limit) + value})
    for name, value in (("in time", "b"), ("also in time", "a")):
        await given.a_client(name, custom_fields={"f": "a" + letters(limit - 2) + value})
    listed = await api.get("/clients", params={"sort": "custom.f"})
    names = [each["name"] for each in listed.json()["items"]]
    assert names == ["also in time", "in time", "late", "also late"]


async def test_a_link_has_so_many_characters_at_most(api: AsyncClient, given: Given):
    limit = await told(api, "link_templates.url_characters")
    await given.a_field("f")
    body = {"name": "T", "field_key": "f", "url_template": START + "{value}"}
    made: list[Any] = []
    for many in (limit, limit + 1):
        values = {"value": letters(many - len(START))}
        answer = await api.post("/link-templates/preview", json={**body, "values": values})
        made += [(each["url"], each["reason"]) for each in answer.json()["items"]]
    assert made == [(START.ljust(limit, "x"), None), (None, "too_long")]


async def test_a_link_leads_to_so_many_records_at_most(api: AsyncClient, given: Given):
    limit = await told(api, "link_templates.resolved_records")
    await given.a_field("f")
    await given.a_template("f", START + "{value}")
    found = {}
    for many in range(1, limit + 2):
        await given.a_client(f"Client {many}", custom_fields={"f": "1"})
        if many >= limit:
            answer = await api.get("/link-templates/resolve", params={"url": START + "1"})
            found[many] = len(answer.json()["items"])
    assert found == {limit: limit, limit + 1: limit}

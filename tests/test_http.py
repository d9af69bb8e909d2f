from typing import Any

import pytest
from httpx import AsyncClient

from apps import another_app
from given import Given
from timetracker_api.app import REQUEST_HEADERS, RESPONSE_HEADERS
from timetracker_api.settings import Settings

ORIGIN = "https://app.example.com"


@pytest.fixture
async def client(given: Given) -> dict[str, Any]:
    return await given.a_client()


async def test_what_has_not_changed_is_304_without_a_body(api: AsyncClient, client: dict[str, Any]):
    address = f"/clients/{client['id']}"
    tag = (await api.get(address)).headers["etag"]
    for seen in (tag, f"W/{tag}", f'"other", {tag}', f'W/"other",W/{tag}', "*"):
        answer = await api.get(address, headers={"If-None-Match": seen})
        assert (answer.status_code, answer.content) == (304, b""), seen
        assert answer.headers["etag"] == tag
        assert "x-request-id" in answer.headers

    await api.patch(address, json={"name": "B"})
    changed = await api.get(address, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


async def test_a_change_is_made_only_on_what_was_seen(api: AsyncClient, client: dict[str, Any]):
    address = f"/clients/{client['id']}"
    first = (await api.get(address)).headers["etag"]
    second = await api.patch(address, json={"name": "B"}, headers={"If-Match": first})
    assert second.status_code == 200
    for stale in (first, f"W/{second.headers['etag']}", '"1"', "nonsense", ""):
        refused = await api.patch(address, json={"name": "C"}, headers={"If-Match": stale})
        assert refused.status_code == 412, stale
        assert (await api.delete(address, headers={"If-Match": stale})).status_code == 412, stale
    tags = f"{first}, {second.headers['etag']}"
    assert (await api.patch(address, json={}, headers={"If-Match": tags})).status_code == 200
    assert (await api.delete(address, headers={"If-Match": "*"})).status_code == 204


async def test_an_answer_to_a_change_has_the_tag_of_what_it_is_now(
    api: AsyncClient, client: dict[str, Any]
):
    address = f"/clients/{client['id']}"
    archived = await api.post(f"{address}/archive")
    assert (await api.get(address)).headers["etag"] == archived.headers["etag"]


async def test_the_next_page_keeps_the_other_parameters(api: AsyncClient, given: Given):
    await given.a_field("tier")
    for name in ("a & b", "a & c", "a & d"):
        await given.a_client(name, custom_fields={"tier": "10% é"})
    query = {"search": "a &", "sort": "-name", "custom.tier": "10% é", "limit": "1"}
    answer = await api.get("/clients", params=query)
    seen = [each["name"] for each in answer.json()["items"]]
    while "link" in answer.headers:
        address, relation = answer.headers["link"].split("; ")
        assert relation == 'rel="next"'
        answer = await api.get(f"http://test{address.strip('<>')}")
        seen += [each["name"] for each in answer.json()["items"]]
    assert seen == ["a & d", "a & c", "a & b"]


async def test_browsers_of_other_origins_are_told_nothing_by_default(api: AsyncClient):
    answer = await api.get("/clients", headers={"Origin": ORIGIN})
    assert not [name for name in answer.headers if name.startswith("access-control")]
    preflight = {"Origin": ORIGIN, "Access-Control-Request-Method": "PATCH"}
    assert (await api.options("/clients/1", headers=preflight)).status_code == 405


@pytest.mark.parametrize(
    ("origins", "allowed"), [([ORIGIN], ORIGIN), (["*"], "*"), (["https://other.example"], None)]
)
async def test_browsers_of_the_origins_in_the_settings_may_call(
    settings: Settings, origins: list[str], allowed: str | None
):
    async with another_app(settings, cors_origins=origins) as (_, callers):
        nobody = callers.nobody()
        wanted = {
            "Origin": ORIGIN,
            "Access-Control-Request-Method": "PATCH",
            "Access-Control-Request-Headers": ", ".join(REQUEST_HEADERS).lower(),
        }
        preflight = await nobody.options("/clients/1", headers=wanted)
        assert preflight.status_code == (200 if allowed else 400)
        assert preflight.headers.get("access-control-allow-origin") == allowed
        assert "PATCH" in preflight.headers["access-control-allow-methods"]
        assert "x-request-id" in preflight.headers

        for method, address, status in (
            ("GET", "/clients", 401),
            ("GET", "/nothing", 404),
            ("PUT", "/clients", 405),
            ("POST", "/sessions", 413),
        ):
            content = b" " * 2_000_000 if status == 413 else b""
            answer = await nobody.request(
                method, address, content=content, headers={"Origin": ORIGIN}
            )
            assert answer.status_code == status
            assert answer.headers.get("access-control-allow-origin") == allowed
            exposed = answer.headers["access-control-expose-headers"].split(", ")
            assert set(exposed) == set(RESPONSE_HEADERS)


def test_browsers_may_send_and_read_what_the_api_speaks_with():
    assert set(REQUEST_HEADERS) >= {
        "Authorization",
        "X-API-Key",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "X-Request-ID",
    }
    assert set(RESPONSE_HEADERS) >= {
        "ETag",
        "Link",
        "Location",
        "Retry-After",
        "RateLimit",
        "X-Request-ID",
    }


@pytest.mark.parametrize("path", ["/health/live", "/docs", "/api/v1/clients"])
async def test_what_can_be_read_can_be_asked_for_its_headers_alone(api: AsyncClient, path: str):
    whole = await api.get(f"http://test{path}")
    headers = await api.head(f"http://test{path}")
    assert (headers.status_code, headers.content) == (whole.status_code, b"")
    assert headers.headers["content-length"] == whole.headers["content-length"]


async def test_answers_are_kept_by_nobody_but_the_caller_and_secrets_by_nobody(api: AsyncClient):
    shown = await api.get("/users/me")
    assert shown.headers["cache-control"] == "private, no-cache"
    secret = await api.post("/tokens", json={"name": "Mine", "scopes": ["clients:read"]})
    assert secret.headers["cache-control"] == "no-store"


async def test_ones_own_user_is_not_changed_behind_ones_back(api: AsyncClient):
    seen = (await api.get("/users/me")).headers["etag"]
    await api.patch("/users/me", json={"name": "First"})
    stale = await api.patch("/users/me", json={"name": "Second"}, headers={"If-Match": seen})
    assert stale.status_code == 412

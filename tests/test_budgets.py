from typing import Any

import pytest
from httpx import AsyncClient

from given import Given
from test_statements import statements
from timetracker_api.db.session import Database

DAY = 24 * 3600


@pytest.fixture
async def projects(given: Given) -> list[dict[str, Any]]:
    client = await given.a_client()
    return [
        await given.a_project(f"Project {number}", client_id=client["id"]) for number in range(3)
    ]


async def spend(given: Given, project: dict[str, Any], seconds: int, **fields: Any) -> None:
    await given.an_entry(
        project_id=project["id"],
        started_at="2026-11-01T09:00:00Z",
        duration_seconds=seconds,
        **fields,
    )


async def test_a_project_without_time_has_used_nothing(given: Given):
    project = await given.a_project(budget_hours="10", budget_amount="100")
    assert project["tracked_seconds"] == 0
    assert project["tracked_amount"] == "0.00"
    assert (project["budget_used"], project["budget_amount_used"]) == (0, 0)


@pytest.mark.parametrize("budget", [None, "0"])
async def test_of_no_budget_no_part_is_used(api: AsyncClient, given: Given, budget: str | None):
    project = await given.a_project(budget_hours=budget, budget_amount=budget, hourly_rate="60")
    await spend(given, project, 3600)
    found = (await api.get(f"/projects/{project['id']}")).json()
    assert (found["tracked_seconds"], found["tracked_amount"]) == (3600, "60.00")
    assert (found["budget_used"], found["budget_amount_used"]) == (None, None)


async def test_only_what_is_billable_and_has_ended_costs_anything(api: AsyncClient, given: Given):
    project = await given.a_project(hourly_rate="60", budget_hours="4", budget_amount="100")
    await spend(given, project, 3600)
    await spend(given, project, 1800, billable=False)
    started = await api.post("/timer/start", json={"project_id": project["id"]})
    assert started.is_success, started.text
    found = (await api.get(f"/projects/{project['id']}")).json()
    assert (found["tracked_seconds"], found["tracked_amount"]) == (5400, "60.00")
    assert (found["budget_used"], found["budget_amount_used"]) == (0.375, 0.6)


async def test_time_without_a_rate_is_counted_and_costs_nothing(api: AsyncClient, given: Given):
    project = await given.a_project(budget_hours="2")
    await spend(given, project, 3600)
    found = (await api.get(f"/projects/{project['id']}")).json()
    assert (found["tracked_amount"], found["budget_used"]) == ("0.00", 0.5)


async def test_time_costs_what_it_was_recorded_with(api: AsyncClient, given: Given):
    project = await given.a_project(hourly_rate="60")
    await spend(given, project, 3600)
    await api.patch(f"/projects/{project['id']}", json={"hourly_rate": "90"})
    await spend(given, project, 3600)
    assert (await api.get(f"/projects/{project['id']}")).json()["tracked_amount"] == "150.00"


async def test_amounts_are_rounded_once(api: AsyncClient, given: Given):
    project = await given.a_project(hourly_rate="1")
    for _ in range(3):
        await spend(given, project, 1200)  # a third each, which rounds to 0.33
    assert (await api.get(f"/projects/{project['id']}")).json()["tracked_amount"] == "1.00"


async def test_what_was_recorded_in_another_currency_is_not_counted(api: AsyncClient, given: Given):
    client = await given.a_client(currency="USD")
    project = await given.a_project(client_id=client["id"], hourly_rate="60")
    assert project["currency"] == "USD"
    await spend(given, project, 3600)
    await api.patch(f"/clients/{client['id']}", json={"currency": None})
    await spend(given, project, 1800)
    found = (await api.get(f"/projects/{project['id']}")).json()
    assert (found["currency"], found["tracked_amount"]) == ("EUR", "30.00")
    assert found["tracked_seconds"] == 5400


async def test_the_largest_sums_are_exact(api: AsyncClient, given: Given):
    project = await given.a_project(hourly_rate="9999999999.9999")
    longest = 2**31 - 1
    for _ in range(3):
        await spend(given, project, longest)
    found = await api.get(f"/projects/{project['id']}")
    assert found.status_code == 200, found.text
    assert found.json()["tracked_seconds"] == 3 * longest
    exact = 3 * longest * 99_999_999_999_999  # in ten-thousandths, per hour
    cents, rest = divmod(exact, 3600 * 100)
    cents += rest > 1800 * 100
    assert found.json()["tracked_amount"] == f"{cents // 100}.{cents % 100:02}"
    assert (await api.get("/projects")).json()["items"] == [found.json()]


async def test_the_list_shows_of_each_what_it_shows_alone(
    api: AsyncClient, given: Given, projects: list[dict[str, Any]]
):
    for number, project in enumerate(projects):
        await spend(given, project, number * 600)
    listed = (await api.get("/projects")).json()["items"]
    assert [each["tracked_seconds"] for each in listed] == [0, 600, 1200]
    for each in listed:
        assert (await api.get(f"/projects/{each['id']}")).json() == each


async def test_a_list_of_projects_takes_four_statements_however_long_it_is(
    api: AsyncClient, given: Given, database: Database, projects: list[dict[str, Any]]
):
    await spend(given, projects[0], DAY)
    await api.get("/projects")
    for limit in (1, 3):
        with statements(database) as seen:
            listed = (await api.get(f"/projects?limit={limit}")).json()
        assert len(listed["items"]) == limit
        assert len(seen) == 4, "\n\n".join(seen)  # who asks, how many, which, and their time
        assert sum("time_entries" in each for each in seen) == 1


async def test_a_list_of_tasks_takes_four_statements_and_one_of_clients_three(
    api: AsyncClient, given: Given, database: Database, projects: list[dict[str, Any]]
):
    for number in range(3):
        await given.a_task(f"Task {number}", project_id=projects[0]["id"])
    for path, count in (("/tasks", 4), ("/clients", 3)):
        await api.get(path)
        with statements(database) as seen:
            await api.get(path)
        assert len(seen) == count, "\n\n".join(seen)


async def test_an_empty_list_asks_for_no_time(api: AsyncClient, database: Database):
    await api.get("/projects")
    with statements(database) as seen:
        await api.get("/projects")
    assert len(seen) == 3, "\n\n".join(seen)

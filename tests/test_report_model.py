"""What reports say, against a model of them in Python, on time that nobody has thought of."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from itertools import product
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from httpx import AsyncClient
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from given import Given

ZONES = ("Europe/Brussels", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati")
TAGS = ("a", "B", "é", "a,b")
BEGIN = datetime(2026, 3, 27, tzinfo=UTC)
"""Clocks change in the night of the 29th in Europe; the year before, the quarter does at once."""

Entry = Mapping[str, Any]


class Query(NamedTuple):
    """What one report is asked for."""

    group_by: Sequence[str]
    time_zone: str | None
    minutes: int
    mode: str
    period: tuple[date, date] | None

    @property
    def parameters(self) -> dict[str, Any]:
        first, last = self.period or (None, None)
        given = {
            "group_by": ",".join(self.group_by),
            "time_zone": self.time_zone,
            "rounding_minutes": self.minutes,
            "rounding": self.mode,
            "from": first,
            "to": last,
        }
        return {name: value for name, value in given.items() if value is not None}


@st.composite
def times(draw: st.DrawFn) -> dict[str, Any]:
    """An entry, but for where: that is a number."""
    weeks = draw(st.sampled_from([0, 0, 0, 1, -52, 30, 40]))
    started_at = BEGIN + timedelta(weeks=weeks, minutes=draw(st.integers(0, 5 * 24 * 60)))
    seconds = draw(st.integers(0, 4 * 3600) | st.sampled_from([0, 449, 450, 900, 901, 5400]))
    return {
        "place": draw(st.integers(0, 4)),
        "started_at": started_at.isoformat(),
        "duration_seconds": seconds,
        "time_zone": draw(st.sampled_from(ZONES)),
        "tags": draw(st.lists(st.sampled_from(TAGS), max_size=3, unique=True)),
        "billable": draw(st.sampled_from([None, None, False])),
        "custom_fields": draw(st.fixed_dictionaries({}, optional={"level": st.integers(-1, 1)})),
    }


@st.composite
def queries(draw: st.DrawFn) -> Query:
    names = st.sampled_from(["tag", *NATIVE, "custom.level", "client.custom.tier"])
    days = sorted(draw(st.tuples(*[st.integers(-3, 8)] * 2)))
    first, last = (BEGIN.date() + timedelta(days=day) for day in days)
    return Query(
        draw(st.lists(names, min_size=1, max_size=4, unique=True)),
        draw(st.sampled_from([None, *ZONES])),
        draw(st.sampled_from([0, 1, 6, 15, 60])),
        draw(st.sampled_from(["up", "nearest", "down"])),
        draw(st.sampled_from([None, (first, last)])),
    )


Example = tuple[list[dict[str, Any]], list[Query]]


def examples() -> Sequence[Example]:
    """Return entries with some questions, many times; always the same."""
    gathered: list[Example] = []

    @settings(max_examples=25, derandomize=True, database=None, deadline=None)
    @drawn(
        st.tuples(
            st.lists(times(), min_size=1, max_size=12), st.lists(queries(), min_size=4, max_size=4)
        )
    )
    def gather(example: Example) -> None:
        gathered.append(example)

    gather()
    return gathered


def day_of(entry: Entry, zone: str | None) -> date:
    if zone is None:
        return date.fromisoformat(entry["local_date"])
    return datetime.fromisoformat(entry["started_at"]).astimezone(ZoneInfo(zone)).date()


def period(label: str, first: date, after: date) -> dict[str, str]:
    last = after - timedelta(days=1)
    return {"label": label, "first_day": str(first), "last_day": str(last)}


def week(day: date) -> dict[str, str]:
    year, number, weekday = day.isocalendar()
    first = day - timedelta(days=weekday - 1)
    return period(f"{year}-W{number:02}", first, first + timedelta(days=7))


def months(day: date, count: int, label: str) -> dict[str, str]:
    first = day.replace(day=1, month=(day.month - 1) // count * count + 1)
    after = (first + timedelta(days=31 * count)).replace(day=1)
    return period(label, first, after)


NATIVE: Mapping[str, Callable[[Entry, date], Any]] = {
    **{name: lambda entry, _, name=name: entry[name] for name in ("client", "project", "task")},
    "user": lambda entry, _: entry["user"],
    "billable": lambda entry, _: {"value": entry["billable"]},
    "day": lambda _, day: period(str(day), day, day + timedelta(days=1)),
    "week": lambda _, day: week(day),
    "month": lambda _, day: months(day, 1, f"{day:%Y-%m}"),
    "quarter": lambda _, day: months(day, 3, f"{day.year}-Q{(day.month + 2) // 3}"),
    "year": lambda _, day: months(day, 12, str(day.year)),
}


def of_a_field(entry: Entry, name: str, tiers: Mapping[int, str]) -> Any:
    if name == "custom.level":
        value = entry["custom_fields"].get("level")
    else:
        value = tiers.get(entry["client"]["id"])
    label = value.upper() if isinstance(value, str) else None
    return None if value is None else {"value": value, "label": label}


def rounded(seconds: int, query: Query) -> int:
    if not query.minutes:
        return seconds
    step = query.minutes * 60
    down = seconds - seconds % step
    up = down if down == seconds else down + step
    nearest = up if (seconds - down) * 2 >= step else down
    return {"up": up, "down": down, "nearest": nearest}[query.mode]


def cents(exact: Fraction) -> Decimal:
    quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
    return quotient.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


def measured(entries: Sequence[Entry], query: Query) -> dict[str, Any]:
    amounts: dict[str, Fraction] = defaultdict(Fraction)
    for entry in entries:
        if entry["billable"] and entry["rate"]:
            rate = Fraction(entry["rate"]["amount"])
            seconds = rounded(entry["duration_seconds"], query)
            amounts[entry["rate"]["currency"]] += rate * seconds / 3600
    return {
        "seconds": sum(each["duration_seconds"] for each in entries),
        "rounded_seconds": sum(rounded(each["duration_seconds"], query) for each in entries),
        "billable_seconds": sum(e["duration_seconds"] for e in entries if e["billable"]),
        "count": len(entries),
        "running": 0,
        "amounts": [
            {"amount": str(cents(exact)), "currency": currency}
            for currency, exact in sorted(amounts.items())
        ],
    }


def groups_of(
    entry: Entry, query: Query, tiers: Mapping[int, str]
) -> Iterator[tuple[tuple[str, Any], ...]]:
    """Give every group that an entry is in."""
    found: list[list[Any]] = []
    for name in query.group_by:
        if name == "tag":
            found.append([{"name": each} for each in entry["tags"]] or [None])
        elif name in NATIVE:
            found.append([NATIVE[name](entry, day_of(entry, query.time_zone))])
        else:
            found.append([of_a_field(entry, name, tiers)])
    for values in product(*found):
        yield tuple(zip(query.group_by, values, strict=True))


def place(group: Mapping[str, Any]) -> list[Any]:
    """Return what groups are sorted by; nothing comes last."""
    order: list[Any] = []
    for member in group.values():
        shown: dict[str, Any] = member or {}
        key: Any = shown.get("first_day", shown.get("value", shown.get("name")))
        order.append((key is None, key.casefold() if "id" in shown else key, shown.get("id")))
    return order


def reported(entries: Sequence[Entry], query: Query, tiers: Mapping[int, str]) -> dict[str, Any]:
    """Return the items and the total of a report, as it has to be."""
    if query.period:
        first, last = query.period
        entries = [each for each in entries if first <= day_of(each, query.time_zone) <= last]
    by_group: dict[str, tuple[Any, list[Entry]]] = {}
    for entry in entries:
        for group in groups_of(entry, query, tiers):
            by_group.setdefault(repr(group), (dict(group), []))[1].append(entry)
    items = [
        {"group": group, **measured(members, query)}
        for group, members in sorted(by_group.values(), key=lambda each: place(each[0]))
    ]
    total = measured(entries, query)
    if "tag" not in query.group_by:
        added: dict[str, Decimal] = defaultdict(Decimal)
        for each in (amount for item in items for amount in item["amounts"]):
            added[each["currency"]] += Decimal(each["amount"])
        total["amounts"] = [{"amount": str(v), "currency": k} for k, v in sorted(added.items())]
    return {"items": items, "total": total}


async def a_company(api: AsyncClient, given: Given) -> Sequence[dict[str, int]]:
    """Return places to record time on: with rates and without, in two currencies."""
    choices = [{"value": each, "label": each.upper()} for each in ("gold", "tin")]
    await given.a_field("tier", "choice", choices=choices)
    await given.a_field("level", "integer", applies_to=["time_entry"])
    await api.patch("/settings", json={"hourly_rate": "33.3333"})
    acme = await given.a_client("acme", custom_fields={"tier": "gold"})
    globex = await given.a_client("Globex", currency="USD", hourly_rate="0.05")
    site = await given.a_project("site", client_id=acme["id"], hourly_rate="95.50")
    chores = await given.a_project("Chores", client_id=acme["id"], billable=False)
    ship = await given.a_task("Ship", project_id=site["id"], hourly_rate="9999999999.9999")
    return [
        {"client_id": acme["id"]},
        {"client_id": globex["id"]},
        {"project_id": site["id"]},
        {"project_id": chores["id"]},
        {"task_id": ship["id"]},
    ]


async def test_reports_say_what_the_model_says(api: AsyncClient, given: Given):
    places = await a_company(api, given)
    tiers = {places[0]["client_id"]: "gold"}
    before: Sequence[Entry] = []
    for times, asked in examples():
        operations = [{"op": "delete", "id": each["id"]} for each in before]
        for each in times:
            data = {name: value for name, value in each.items() if name != "place"}
            operations.append({"op": "create", "data": data | places[each["place"]]})
        changed = await api.post("/time-entries/bulk", json={"operations": operations})
        assert changed.status_code == 200, changed.text
        before = (await api.get("/time-entries?limit=200")).json()["items"]
        assert len(before) == len(times)
        for query in asked:
            answer = await api.get("/reports/time", params=query.parameters)
            assert answer.status_code == 200, answer.text
            expected = reported(before, query, tiers)
            assert {name: answer.json()[name] for name in expected} == expected, query
            assert answer.json()["groups"] == len(expected["items"])

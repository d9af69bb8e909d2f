"""What the service holds: a field of every kind, for everything, in the words of an attacker."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import httpx


@dataclass(frozen=True)
class Service:
    """A running service, and who may do everything there."""

    url: str
    token: str
    api: httpx.Client
    """Sends the token; paths are below ``/api/v1``."""


ENTITY_TYPES = ("client", "project", "task", "time_entry")

CANARY = "canary"
"""Sings when text has become code: it must not be found as the name of anything."""

HOSTILE = (
    "*/ canary() /*",
    "`+canary()+`",
    "${canary()}",
    "${process.exit(3)} canary",
    '"; canary(); "',
    "'; canary(); '",
    r"\u0022; canary(); //",
    r"\u002a\u002f canary() //",
    r"\x27; canary(); \\",
    "</script><script>canary()</script>",
    "<img src=x onerror=canary()>",
    "--> canary() <!--",
    "{@link canary()}",
    "[canary](javascript:canary())",
    "مرحبا שלום 👩‍👩‍👧 日本語 canary",
)

GOLD = {"value": "gold", "label": "Gold", "color": "#ffd700"}
BRONZE = {"value": "bronze", "label": "Bronze", "is_active": False}
SAID_BADLY = [{"value": f"v{n}", "label": f"Chosen {text}"} for n, text in enumerate(HOSTILE)]
"""Choices whose labels are hostile."""
STORED_BADLY = [{"value": text, "label": f"Chosen {text}"} for text in HOSTILE]
"""Choices whose values are hostile as well."""

FIELDS: Mapping[str, Mapping[str, Any]] = {
    "debtor": {"kind": "text", "pattern": r"[0-9]{4,10}", "is_mandatory": True},
    "motto": {"kind": "text", "pattern": r"[A-Za-z*/`${}() \\]+", "default": HOSTILE[0]},
    "remarks": {"kind": "long_text", "min_length": 2, "max_length": 100},
    "seats": {"kind": "integer", "minimum": 1, "maximum": 10},
    "rate": {"kind": "decimal", "scale": 2, "minimum": "0", "maximum": "99.5"},
    "is_partner": {"kind": "boolean"},
    "since": {"kind": "date", "minimum": "2026-01-01"},
    "seen": {"kind": "datetime"},
    "site": {"kind": "url"},
    "inbox": {"kind": "email"},
    "hotline": {"kind": "phone"},
    "tier": {
        "kind": "choice",
        "choices": [GOLD, BRONZE, *SAID_BADLY],
        "is_mandatory": True,
    },
    "channel": {
        "kind": "choice",
        "choices": [{"value": "mail", "label": "Mail"}, {"value": "fair", "label": "A fair"}],
    },
    "regions": {
        "kind": "multi_choice",
        "choices": [
            {"value": "north", "label": "The North"},
            {"value": "south", "label": "The South"},
            BRONZE,
            *STORED_BADLY,
        ],
    },
    "manager": {"kind": "user"},
    "budget": {"kind": "duration", "maximum": 86_400},
}
"""The fields by their keys, in the order of forms."""

GOOD: dict[str, Any] = {
    "debtor": "10042",
    "motto": "Ad astra",
    "remarks": "Likes anvils.\nAnd rockets.",
    "seats": 3,
    "rate": "12.50",
    "is_partner": True,
    "since": "2026-01-31",
    "seen": "2026-01-31T09:00:00.000000Z",
    "site": "https://acme.example/",
    "inbox": "wile@acme.example",
    "hotline": "+32 2 555 01 01",
    "tier": "gold",
    "channel": "fair",
    "regions": ["north", "south"],
    "manager": 1,
    "budget": 3600,
}
"""A value for every field, as it is stored."""


_hostile = dict(zip(FIELDS, cycle(HOSTILE), strict=False))


def label(key: str) -> str:
    """Return what people see."""
    return f"{key.capitalize()} {_hostile[key]}"


def description(key: str) -> str:
    """Return the help of a field, over several lines."""
    return f"{_hostile[key]}\n{_hostile[key]}\r\n*/\ncanary();\n/*"


def placeholder(key: str) -> str:
    """Return the hint in an empty input."""
    return f"Such as {_hostile[key]}"


def define_fields(api: httpx.Client) -> None:
    """Define them, the last one first: it is their position that orders a form."""
    for position, (key, definition) in reversed(list(enumerate(FIELDS.items()))):
        body = {
            "key": key,
            "label": label(key),
            "description": description(key),
            "placeholder": placeholder(key),
            "group": f"Group {_hostile[key]}" if key in {"site", "inbox", "hotline"} else None,
            "applies_to": ENTITY_TYPES,
            "position": position,
            **definition,
        }
        made = api.post("/custom-field-definitions", json=body)
        assert made.status_code == 201, made.text

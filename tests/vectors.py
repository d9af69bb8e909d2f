"""What values custom fields take, in which form they are stored, and why they are refused.

Every way in has to agree with this table: create and patch today, bulk and import tomorrow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

SOMEBODY = object()
"""Stands for the id of a user who exists."""

NOTHING = object()
"""Stored when what was given is no value."""


class Json(str):
    """A value that only its JSON text can tell from another."""

    __slots__ = ()


@dataclass(frozen=True)
class Case:
    """A value, and either what is stored or what is wrong with it."""

    given: Any
    stored: Any = NOTHING
    faults: frozenset[tuple[str, str]] = frozenset()
    """The pointer below the field, and the code."""
    status: int = 200


@dataclass(frozen=True)
class Vectors:
    """A definition, without key and label, and what it makes of values."""

    name: str
    definition: Mapping[str, Any]
    cases: Sequence[Case]


def same(*values: Any) -> list[Case]:
    return [Case(value, value) for value in values]


def stored(given: Any, value: Any) -> list[Case]:
    return [Case(given, value)]


def nothing(*values: Any) -> list[Case]:
    return [Case(value) for value in values]


def wrong(code: str, *values: Any, at: str = "") -> list[Case]:
    return [Case(value, faults=frozenset({(at, code)}), status=422) for value in values]


def unreadable(*texts: str) -> list[Case]:
    return [Case(Json(text), status=400) for text in texts]


EMPTY = [*nothing(None, "", "   ", "\t\n", "\u3000", [], {})]
NOT_NUMBERS = [*unreadable("NaN", "Infinity", "-Infinity", "1e400", "-1e400", "9" * 5000)]
NOT_TEXT = wrong("type", 0, 1, 1.5, True, False, ["a"], {"a": "b"}, [[]])
UNSAFE_CHARACTERS = wrong(
    "control_characters",
    "a\x00b",
    "a\x07",
    "a\x7fb",
    "a\x85b",
    "\ud800",
    "a\udfffb",
    "a\u2028b",
    "a\u202egpj.exe",
    "a\u2066b\u2069",
)
HALVES = wrong("control_characters", "\ud800", "9\udc00")
GOLD = {"value": "gold", "label": "Gold"}
BRONZE = {"value": "bronze", "label": "Bronze", "is_active": False}
CHOICES = [GOLD, {"value": "übrig", "label": "Rest"}, BRONZE, {"value": "0", "label": "None"}]

TEXT = [
    *same(
        "a",
        "0",
        "false",
        "null",
        "Ärger & Söhne",
        "日本語",
        "👩‍👩‍👧",
        "a\u200bb",
        "NaN",
        "' OR 1=1 --",
    ),
    *same("<script>", "e\u0301", "é", "%", "_", "{value}", "\\", '"', "=cmd()", "a" * 255),
    *stored("  a b  ", "a b"),
    *stored("a\n", "a"),
    *wrong("max_length", "a" * 256, "é" * 256, "a" * 100_000),
    *wrong("control_characters", "a\nb", "a\tb", "a\r\nb"),
    *UNSAFE_CHARACTERS,
    *NOT_TEXT,
    *NOT_NUMBERS,
    *EMPTY,
]

LONG_TEXT = [
    *same("a", "a\nb", "a\tb", "a\r\nb", "# Title\n\n* one", "a" * 65_000),
    *stored("\n a\nb \n", "a\nb"),
    *wrong("max_length", "a" * 65_537),
    *UNSAFE_CHARACTERS,
    *NOT_TEXT,
    *EMPTY,
]

INTEGER = [
    *same(0, 1, -1, 2**53 - 1, -(2**53) + 1),
    *stored(Json("-0"), 0),
    *wrong("maximum", 2**53, 2**53 + 1, 2**63, 2**64, 10**300),
    *wrong("minimum", -(2**53), -(10**300)),
    *stored(1.0, 1),  # to JSON and JSON Schema, that is the same number
    *stored(Json("1e3"), 1000),
    *stored(Json("-0.0"), 0),
    *wrong("type", "1", "0", 1.5, True, False, [1], {"a": 1}, "٣", "1e3"),
    *HALVES,
    *NOT_NUMBERS,
    *EMPTY,
]

DECIMAL = [
    *stored(0, "0.00"),
    *stored(5, "5.00"),
    *stored("5", "5.00"),
    *stored("5.0", "5.00"),
    *stored("5.000000000", "5.00"),
    *stored(" 5.10 ", "5.10"),
    *stored("007", "7.00"),
    *stored(12.5, "12.50"),
    *stored(-0.1, "-0.10"),
    *stored("0", "0.00"),
    *stored("-0", "0.00"),
    *stored("-0.00", "0.00"),
    *stored(Json("-0.0"), "0.00"),
    *stored(Json("-0"), "0.00"),
    *stored(Json("1e2"), "100.00"),
    *stored(Json("125E-1"), "12.50"),
    *stored(2**53 + 1, "9007199254740993.00"),
    *same("1234567890123456.89", "-9999999999999999.99"),
    *wrong("maximum", "12345678901234567.89", "12345678901234567", "9" * 18),
    *wrong("scale", "0.001", 0.001, "1.005", 0.30000000000000004, "-0.001", Json("1e-7")),
    *wrong("type", Json("12345678901234567.89"), Json("123456789012345.68"), 1e300, -1e300),
    *wrong("type", "1e2", "1E2", "+5", ".5", "5.", "1,5", "1.000,00", "1 000", "0x10", "٣", "--5"),
    *wrong("maximum", "9" * 19, 10**18, "0" * 19, "0." + "0" * 19),
    *wrong("type", "NaN", "Infinity", "-inf", "sNaN", "a", "½", "5\x00", "5 €"),
    *wrong("type", True, False, ["5"], {"a": 5}, "1_000"),
    *HALVES,
    *NOT_NUMBERS,
    *EMPTY,
]

DATE = [
    *same("2026-01-31", "2024-02-29", "0001-01-01", "9999-12-31", "1582-10-10"),
    *stored(" 2026-01-31 ", "2026-01-31"),
    *wrong("type", "2026-02-30", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-10"),
    *wrong("type", "0000-01-01", "10000-01-01", "-001-01-01", "2026-1-1", "20260131", "2026-W05-6"),
    *wrong("type", "31.01.2026", "01/31/2026", "2026-01-31T00:00:00", "2026-01-31T00:00:00Z"),
    *wrong("type", "٢٠٢٦-01-31", "2026-01-31\x00", "today", 0, 20260131, 1.5, True, False),
    *wrong("type", ["2026-01-31"], {"year": 2026}),
    *HALVES,
    *EMPTY,
]

DATETIME = [
    *stored("2026-01-31T09:00:00Z", "2026-01-31T09:00:00.000000Z"),
    *stored("2026-01-31t09:00:00z", "2026-01-31T09:00:00.000000Z"),
    *stored("2026-01-31 09:00:00+00:00", "2026-01-31T09:00:00.000000Z"),
    *stored("2026-01-31T09:00:00.5-00:00", "2026-01-31T09:00:00.500000Z"),
    *stored("2026-01-31T00:30:00+01:00", "2026-01-30T23:30:00.000000Z"),
    *stored("2026-01-31T09:00:00.123456+14:00", "2026-01-30T19:00:00.123456Z"),
    *stored("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    *stored("0001-01-01T00:00:00-01:00", "0001-01-01T01:00:00.000000Z"),
    *stored("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    *wrong(
        "type", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00Z"
    ),
    *wrong(
        "type", "2026-01-31T09:00:00", "2026-01-31T09:00Z", "2026-01-31", "2026-02-30T09:00:00Z"
    ),
    *wrong("type", "2026-01-31T24:00:00Z", "2026-01-31T23:59:60Z", "2026-01-31T09:60:00Z"),
    *wrong("type", "2026-01-31T09:00:00.1234567Z", "2026-01-31T09:00:00+24:00", "1769850000"),
    *wrong("type", "2026-01-31T09:00:00 Europe/Brussels", "now", 0, 1769850000, 1.5, True, ["x"]),
    *HALVES,
    *EMPTY,
]

URL = [
    *same(
        "https://acme.example/a?b=c#d", "http://localhost:8080/", "https://[::1]/", "HTTPS://A.B/"
    ),
    *same("https://de.wikipedia.org/wiki/Köln", "https://xn--kln-sna.example/"),
    *stored(" https://acme.example/ ", "https://acme.example/"),
    *wrong("type", "javascript:alert(1)", "JavaScript://a.b/%0aalert(1)", "data:text/html,x"),
    *wrong(
        "type", "vbscript:x", "file:///etc/passwd", "blob:https://a.b/1", "ftp://a.b/", "//a.b/"
    ),
    *wrong(
        "type", "mailto:a@b.example", "tel:+3221234567", "acme.example", "/path", "https:///a.b"
    ),
    *wrong("type", "https://user:pw@a.b/", "https://a@evil.example/", "https:/\\evil.example/"),
    *wrong(
        "type", "java\tscript:alert(1)", "\x01https://a.b/", "https://a.b/\x00", "https://a.b/ c"
    ),
    *wrong(
        "type", "https://a.b/\u202egpj", "https://köln.example/", 'https://a.b/"x', "https://a.b/<"
    ),
    *wrong("type", 0, True, False, ["https://a.b/"], {"url": "https://a.b/"}),
    *wrong("max_length", "https://a.b/" + "a" * 2000),
    *HALVES,
    *EMPTY,
]

EMAIL = [
    *same("a@example.com", "o'hara+x@sub.example.org", "jörg@example.com", "a@münchen.de"),
    *same("a@corp.local", "%z35r@8i.test"),
    *stored(" a@Example.COM ", "a@example.com"),
    *stored("a@xn--mnchen-3ya.de", "a@münchen.de"),
    *wrong(
        "type", "a", "@", "a@", "@b.example", "a@b", "a@localhost", "a@@b.example", "a b@c.example"
    ),
    *wrong("type", "Bob <a@example.com>", "a@example.com, b@example.com", "a@example.com\x00"),
    *wrong(
        "type", "a@example.com\r\nBcc: b@example.com", "a@exa\u202emple.com", "a..b@example.com"
    ),
    *wrong(
        "type",
        "a" * 64 + "@" + "b" * 63 + "." + "c" * 63 + "." + "d" * 63 + ".com",
        "a@" + "b" * 250 + ".com",
        '"a b"@example.com',
    ),
    *wrong("type", 0, True, False, ["a@example.com"], {"a": "b"}),
    *HALVES,
    *EMPTY,
]

PHONE = [
    *same("112", "+32 2 555 01 01", "030 12-34/5.6", "0800-123 456", "1" * 40),
    *stored(" +32 2 555 01 01 ", "+32 2 555 01 01"),
    *wrong("type", "12", "+", "call me", "++32 2 555", "*#06#", "1;ext=2", "٠١٢٣٤٥", "1" * 41),
    *wrong(
        "type", "+32\n2", "+32\x00255", "1-", "+32 2 \u202e555", 112, 0, True, ["112"], {"a": 1}
    ),
    *HALVES,
    *EMPTY,
]

CHOICE = [
    *same("gold", "übrig", "0"),
    *wrong("not_a_choice", "Gold", "silver", "gold\x00", "ubrig", "u\u0308brig", "a" * 1000),
    *wrong("inactive_choice", "bronze"),
    *wrong("type", 0, 1, True, False, ["gold"], {"gold": True}),
    *HALVES,
    *EMPTY,
]

MULTI_CHOICE = [
    *same(["gold"], ["übrig", "gold"], ["0"]),
    *stored(["gold", "übrig", "gold"], ["gold", "übrig"]),
    *stored([" gold ", "gold"], ["gold"]),
    *wrong("not_a_choice", ["silver"], [""], ["Gold"], at="/0"),
    *wrong("not_a_choice", ["gold", "x"], at="/1"),
    *wrong("inactive_choice", ["gold", "übrig", "bronze"], at="/2"),
    *wrong("type", [0], [None], [True], [["gold"]], [{}], at="/0"),
    *wrong("type", "gold", 0, True, False, {"gold": True}),
    *wrong("max_length", ["gold"] * 101),
    *wrong("control_characters", ["gold", "\ud800"], at="/1"),
    Case(["x", "gold", 7], faults=frozenset({("/0", "not_a_choice"), ("/2", "type")}), status=422),
    *EMPTY,
]

USER = [
    Case(SOMEBODY, SOMEBODY),
    *wrong("reference_not_found", 2**53 - 1, 2**63 - 1),
    *wrong("minimum", 0, -1),
    *wrong("maximum", 2**63, 10**30),
    *wrong("type", "1", 1.5, True, False, ["1"], {"id": 1}, "admin"),
    *HALVES,
    *NOT_NUMBERS,
    *EMPTY,
]

DURATION = [
    *same(0, 1, 86_400, 2**53 - 1),
    *wrong("minimum", -1),
    *wrong("maximum", 2**53),
    *stored(90.0, 90),
    *wrong("type", "1:30", "90", 1.5, True, False, [1], {"h": 1}),
    *NOT_NUMBERS,
    *EMPTY,
]

VECTORS: Sequence[Vectors] = [
    Vectors("text", {"kind": "text"}, TEXT),
    Vectors("long_text", {"kind": "long_text"}, LONG_TEXT),
    Vectors("integer", {"kind": "integer"}, INTEGER),
    Vectors("decimal", {"kind": "decimal"}, DECIMAL),
    Vectors(
        "boolean",
        {"kind": "boolean"},
        [
            *same(True, False),
            *wrong("type", 0, 1, 0.0, "true", "false", "0", "yes", [True], {"a": True}),
            *HALVES,
            *EMPTY,
        ],
    ),
    Vectors("date", {"kind": "date"}, DATE),
    Vectors("datetime", {"kind": "datetime"}, DATETIME),
    Vectors("url", {"kind": "url"}, URL),
    Vectors("email", {"kind": "email"}, EMAIL),
    Vectors("phone", {"kind": "phone"}, PHONE),
    Vectors("choice", {"kind": "choice", "choices": CHOICES}, CHOICE),
    Vectors("multi_choice", {"kind": "multi_choice", "choices": CHOICES}, MULTI_CHOICE),
    Vectors("user", {"kind": "user"}, USER),
    Vectors("duration", {"kind": "duration"}, DURATION),
    Vectors(
        "text with lengths",
        {"kind": "text", "min_length": 2, "max_length": 4},
        [
            *same("ab", "abcd", "日本"),
            *stored("  abcd  ", "abcd"),
            *wrong("min_length", "a", " a ", "é"),
            *wrong("max_length", "abcde"),
            *nothing(" ", None),
        ],
    ),
    Vectors(
        "text with a pattern",
        {"kind": "text", "pattern": r"\d{2,3}|[A-Z]\w"},
        [
            *same("12", "123", "A_", "Ab"),
            *stored("12\n", "12"),
            *wrong("pattern", "1", "1234", "x12", "12x", "12 34", "٣٤", "Aé", "ab", "12\n34", "A"),
            *nothing("", " "),
        ],
    ),
    Vectors(
        "long text with a pattern",
        {"kind": "long_text", "pattern": r"(?s).*\S.*"},
        [*same("a\nb", "a" * 2000), *wrong("max_length", "a" * 2001)],
    ),
    Vectors(
        "the longest text",
        {"kind": "text", "max_length": 2000},
        [*same("a" * 2000, "👩" * 2000), *wrong("max_length", "a" * 2001)],
    ),
    Vectors(
        "integer between bounds",
        {"kind": "integer", "minimum": -1, "maximum": 0},
        [*same(-1, 0), *wrong("minimum", -2), *wrong("maximum", 1, 2**60)],
    ),
    Vectors(
        "decimal between bounds",
        {"kind": "decimal", "scale": 3, "minimum": "0.001", "maximum": 10},
        [
            *stored("0.001", "0.001"),
            *stored(10, "10.000"),
            *stored("10.000", "10.000"),
            *wrong("minimum", 0, "0", "-5", "0.000"),
            *wrong("maximum", "10.001", 11),
            *wrong("scale", "1.0001"),
        ],
    ),
    Vectors(
        "decimal without decimals",
        {"kind": "decimal", "scale": 0},
        [*stored("5", "5"), *stored(-0.0, "0"), *stored("5.0", "5"), *wrong("scale", "5.5", 0.1)],
    ),
    Vectors(
        "decimal with ten decimals",
        {"kind": "decimal", "scale": 10},
        [
            *same("0.0000000001", "99999999.9999999999"),
            *stored(Json("1e-10"), "0.0000000001"),
            *wrong("scale", "0.00000000001"),
        ],
    ),
    Vectors(
        "date between bounds",
        {"kind": "date", "minimum": "2026-01-01", "maximum": "2026-12-31"},
        [
            *same("2026-01-01", "2026-12-31"),
            *wrong("minimum", "2025-12-31"),
            *wrong("maximum", "2027-01-01"),
        ],
    ),
    Vectors(
        "duration between bounds",
        {"kind": "duration", "minimum": 60, "maximum": 3600},
        [*same(60, 3600), *wrong("minimum", 59, 0), *wrong("maximum", 3601)],
    ),
    Vectors(
        "url with other schemes",
        {"kind": "url", "schemes": ["mailto", "tel"]},
        [
            *same("mailto:a@b.example", "tel:+3221234567"),
            *wrong("type", "https://a.b/", "mailto:a@b.example,c@d.example", "tel:*#06#"),
        ],
    ),
]

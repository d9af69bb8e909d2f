"""The language of link templates: URLs with placeholders that values cannot break out of.

A template is taken apart once, when it is saved; a value is then only ever put between literal
parts, percent-encoded. ``str.format`` would read attributes of what it is given, and encoding a
finished URL cannot tell the template's ``&`` from a value's.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from types import MappingProxyType
from typing import Literal
from urllib.parse import quote

from timetracker_api.db.json.keys import KEY
from timetracker_api.urls import MASK, MAX_URL, LinkFault, check, dot_segment

MAX_TEMPLATE = 2000

NATIVE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "client": ("id", "name"),
        "project": ("id", "code", "name"),
        "task": ("id", "name"),
        "time_entry": ("id",),
        "invoice": ("id", "number"),
        "user": ("id",),
    }
)
"""The attributes placeholders may name, by entity: scalars that every reader of a link may see."""

PLACEHOLDERS = frozenset(
    {"value", *(f"{entity}.{name}" for entity, names in NATIVE.items() for name in names)}
)
CUSTOM = re.compile(rf"custom\.{KEY.pattern}")

TOKEN = re.compile(
    r"(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"
    r"|\{(?P<braced>[^{}]*)\}"
    r"|%(?P<legacy>value)%"
)

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
MAX_BITS = 1024
MAX_EXPONENT = 300
SEPARATED_BY = " ()./-"
"""What may stand between the digits of a telephone number, and is no part of it."""
SEPARATORS = str.maketrans("", "", SEPARATED_BY)


def _percent_encoded(text: str) -> str:
    """Encode everything but what means nothing anywhere in a URL; most values have no other."""
    return text if text.isalnum() and text.isascii() else quote(text, safe="")


def _phone_number(text: str) -> str:
    """Leave out what only separates digits; whatever else is no digit fails the final check."""
    return quote(text.translate(SEPARATORS), safe="+")


Reason = Literal[
    "missing_value",
    "not_a_scalar",
    "control_characters",
    "too_long",
    "dot_segment",
    "address",
    "number",
]


class NoLink(ValueError):
    """Values make no link, and why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


WEB = frozenset({"https", "http"})
ENCODERS: Mapping[str, Callable[[str], str]] = {
    "https": _percent_encoded,
    "http": _percent_encoded,
    "mailto": partial(quote, safe="@"),
    "tel": _phone_number,
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template that was found to be safe, ready to become many links."""

    source: str
    scheme: str
    placeholders: Mapping[str, int]
    """The names used, each with the 0-based position in the source where it is first used."""
    _pieces: tuple[str, ...]
    _slots: tuple[tuple[int, str], ...]
    _path: int

    @property
    def parts(self) -> Sequence[tuple[str, str | None]]:
        """The parts it is made of, each with the name of what is put in its place, if anything."""
        names = dict(self._slots)
        return [(text, names.get(index)) for index, text in enumerate(self._pieces)]

    def link(self, values: Mapping[str, object]) -> str:
        """Put values in, and return the URL, or raise ``NoLink``.

        A value is a str, int, bool, float or Decimal. There is no link if one is missing, None,
        empty or something else, holds control characters, leads out of its path segment, is no
        address or number where the scheme needs one, or makes the URL longer than 4096
        characters.
        """
        pieces = list(self._pieces)
        encode = ENCODERS[self.scheme]
        length = 0
        is_dotted = False
        for index, name in self._slots:
            text = _text(values.get(name))
            if len(text) > MAX_URL:
                raise NoLink("too_long")
            if not text.isprintable() and CONTROL.search(text):
                raise NoLink("control_characters")
            pieces[index] = encoded = encode(text)
            length += len(encoded)
            # The template alone has no such segment: it takes a value with dots to make one.
            is_dotted = is_dotted or "." in encoded or "2e" in encoded.lower()
            if not encoded:
                raise NoLink("number" if text else "missing_value")
            # Here as well as below: 280 placeholders for one long value would be megabytes.
            if length > MAX_URL:
                raise NoLink("too_long")
        url = "".join(pieces)
        if len(url) > MAX_URL:
            raise NoLink("too_long")
        if self.scheme not in WEB:
            self._check(url)
        elif is_dotted and dot_segment(url, self._path) is not None:
            raise NoLink("dot_segment")
        return url

    def _check(self, url: str) -> None:
        try:
            check(url, (self.scheme,))
        except LinkFault as fault:
            raise NoLink("number" if self.scheme == "tel" else "address") from fault


def parse(source: str, *, schemes: Collection[str]) -> Template:
    """Take a template apart, or raise ``LinkFault`` with the position of its first fault.

    ``schemes`` are those the instance allows; it can leave out some of ``urls.SCHEMES`` and add
    none. Whether a definition exists for ``{custom.<key>}`` is for the caller to ask.
    """
    if len(source) > MAX_TEMPLATE:
        raise LinkFault(
            "too_long", MAX_TEMPLATE, f"A template has at most {MAX_TEMPLATE} characters."
        )
    pieces: list[str] = []
    slots: list[tuple[int, str]] = []
    placeholders: dict[str, int] = {}
    masked = ""
    while (position := len(masked)) < len(source):
        token = TOKEN.match(source, position)
        if token is None:
            raise _stray(source[position], position)
        name = token["legacy"] or token["braced"]
        if name is None:
            masked += token[0]
        elif name in PLACEHOLDERS or CUSTOM.fullmatch(name):
            masked += MASK * len(token[0])
            slots.append((len(pieces), name))
            placeholders.setdefault(name, position)
        else:
            raise LinkFault("unknown_placeholder", position, "There is no such placeholder.")
        pieces.append(token[0])
    target = check(masked, schemes)
    if not slots:
        raise LinkFault("no_placeholder", len(source), "A template has at least one placeholder.")
    if target.scheme in WEB and (position := dot_segment(masked, target.end)) is not None:
        raise LinkFault(
            "dot_segment", position, "A path segment is not, and cannot become, . or .. here."
        )
    return Template(
        source,
        target.scheme,
        MappingProxyType(placeholders),
        tuple(pieces),
        tuple(slots),
        target.end,
    )


def _stray(character: str, position: int) -> LinkFault:
    if character == "%":
        return LinkFault("percent", position, "A percent sign is written %25, or is %value%.")
    if character in "{}":
        return LinkFault("brace", position, "Braces only stand around one placeholder.")
    return LinkFault(
        "character", position, f"U+{ord(character):04X} cannot stand in a URL unless encoded."
    )


def _text(value: object) -> str:
    """Write a scalar as JSON would, but decimals in full."""
    if isinstance(value, str):
        return value
    if value is None:
        raise NoLink("missing_value")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and value.bit_length() <= MAX_BITS:
        return str(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= MAX_EXPONENT:
        return f"{value:f}"
    raise NoLink("not_a_scalar")
